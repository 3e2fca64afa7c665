"""``python -m toxmeter`` is ``toxmeter``."""

from toxmeter.cli import main

if __name__ == "__main__":
    main()
