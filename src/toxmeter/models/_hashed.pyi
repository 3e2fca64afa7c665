from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

class Kernel:
    def __init__(
        self,
        table: npt.NDArray[np.uint8],
        index: npt.NDArray[np.uint8],
        pages: npt.NDArray[np.uint8],
        scale: Sequence[float],
        bias: Sequence[float],
        window: int,
        empty: Callable[[tuple[int, int]], npt.NDArray[np.float32]],
    ) -> None: ...
    def score(self, texts: list[str]) -> npt.NDArray[np.float32] | None: ...
    def pool(self, texts: list[str]) -> bytearray | None: ...
