"""Publishing: a plan that names every file, and a real client against a small hub on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from toxmeter.artifact import Artifact, Manifest, write_artifact
from toxmeter.cli import app
from toxmeter.errors import ArtifactError, InputError
from toxmeter.extras import need
from toxmeter.labels import JIGSAW
from toxmeter.training.publish import plan, push

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "hf_notarealtoken"  # noqa: S105
CARD = "---\nlicense: cc0-1.0\n---\n\n# tiny\n\n![loss](loss.png)\n"


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    """A whole artifact, and other things that have come to lie in its folder."""
    manifest = Manifest(name="tiny", number=2, format="hashed", labels=JIGSAW, licence="CC0-1.0",
                        metrics={"plots": ["loss.png"]})
    made = write_artifact(tmp_path / "model", manifest, {"a.npy": b"x" * 1_000, "empty.npy": b""}, card=CARD,
                          attachments={"loss.png": b"png"})
    (made.path / ".env").write_text("HF_TOKEN=other")
    (made.path / "notes.txt").write_text("notes")
    (made.path / "checkpoint-3").mkdir()
    (made.path / "checkpoint-3" / "optimizer.pt").write_bytes(b"x")
    return made


class Hub(BaseHTTPRequestHandler):
    """What ``create_repo`` and ``create_commit`` ask of the hub, for small files."""

    log: list[tuple[str, str, Any]]
    refuse: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        lines = [json.loads(line) for line in body.splitlines()]
        self.log.append((self.path, self.headers.get("Authorization", ""), lines))
        if self.refuse and self.refuse in self.path:
            return self._answer(403, {"error": f"{TOKEN} may not do that"})
        if self.path.endswith("/preupload/main"):
            return self._answer(200, {"files": [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False} for file in lines[0]["files"]]})
        if "/commit/" in self.path:
            return self._answer(200, {"commitUrl": f"{self.server.url}/ada/tiny/commit/1",  # type: ignore[attr-defined]
                                      "commitOid": "1"})
        return self._answer(200, {"url": f"{self.server.url}/ada/tiny"})  # type: ignore[attr-defined]

    def _answer(self, status: int, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    monkeypatch.setattr(need("huggingface_hub.constants", extra="train"), "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    kind = type("OurHub", (Hub,), {"log": [], "refuse": ""})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        server.url = kind.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield kind
        finally:
            server.shutdown()
            thread.join()


def test_the_plan_names_what_the_manifest_names(artifact: Artifact) -> None:
    planned = plan(artifact.path, "ada/tiny")
    assert [name for name, _ in planned.files] == ["README.md", "a.npy", "empty.npy", "loss.png", "toxmeter.json"]
    assert dict(planned.files)["a.npy"] == 1_000
    assert planned.bytes == sum((artifact.path / name).stat().st_size for name, _ in planned.files)


@pytest.mark.parametrize("missing", ["README.md", "a.npy", "loss.png", "toxmeter.json"])
def test_a_broken_artifact_is_refused(missing: str, artifact: Artifact) -> None:
    (artifact.path / missing).unlink()
    with pytest.raises(ArtifactError):
        plan(artifact.path, "ada/tiny")


def test_an_edited_artifact_is_refused(artifact: Artifact) -> None:
    (artifact.path / "a.npy").write_bytes(b"y" * 1_000)
    with pytest.raises(ArtifactError, match="edited"):
        plan(artifact.path, "ada/tiny")


@pytest.mark.parametrize("name", ["tiny", "", "ada/", "/tiny", "a/b/c", "ada/-x", "ada/x..y", "ada/x--y", "ada/x y",
                                  "ada/\u00e9", "ada/" + "x" * 100, "ada/x\n"])
def test_a_name_that_the_hub_does_not_take(name: str, artifact: Artifact) -> None:
    with pytest.raises(InputError, match="OWNER/NAME"):
        plan(artifact.path, name)


@pytest.mark.parametrize("private", [True, False])
def test_push_uploads_what_was_planned(private: bool, artifact: Artifact, hub: Any) -> None:
    assert push(artifact.path, "ada/tiny", private=private, endpoint=hub.url) == f"{hub.url}/ada/tiny/commit/1"
    assert {authorisation for _, authorisation, _ in hub.log} == {f"Bearer {TOKEN}"}
    created = next(lines[0] for path, _, lines in hub.log if path == "/api/repos/create")
    assert (created["organization"], created["name"]) == ("ada", "tiny")
    assert (created.get("visibility") == "private") is private
    ((head, *files),) = [lines for path, _, lines in hub.log if path == "/api/models/ada/tiny/commit/main"]
    assert head["value"]["summary"] == artifact.version
    sent = {file["value"]["path"]: base64.b64decode(file["value"]["content"]) for file in files}
    assert sent == {name: (artifact.path / name).read_bytes() for name, _ in plan(artifact.path, "ada/tiny").files}
    assert hashlib.sha256(sent["a.npy"]).hexdigest() == artifact.files["a.npy"].sha256


@pytest.mark.parametrize("token", [None, "", "  "])
def test_without_a_token_nothing_is_sent(
    token: str | None, artifact: Artifact, hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN") if token is None else monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(InputError, match="HF_TOKEN"):
        push(artifact.path, "ada/tiny", endpoint=hub.url)
    assert hub.log == []


@pytest.mark.parametrize("refused", ["create", "preupload", "commit"])
def test_a_hub_that_refuses(refused: str, artifact: Artifact, hub: Any) -> None:
    hub.refuse = refused
    with pytest.raises(InputError, match=r"the hub did not take ada/tiny: .*403") as caught:
        push(artifact.path, "ada/tiny", endpoint=hub.url)
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_hub(artifact: Artifact, hub: Any) -> None:
    with pytest.raises(InputError, match="the hub did not take ada/tiny"):
        push(artifact.path, "ada/tiny", endpoint="http://127.0.0.1:9")


def test_the_command_shows_and_sends_nothing(artifact: Artifact, hub: Any) -> None:
    done = CliRunner().invoke(app, ["push", str(artifact.path), "ada/tiny"], catch_exceptions=False)
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0] == f"{artifact.version}, licence CC0-1.0, to ada/tiny (public if new)"
    assert [line.split()[0] for line in lines[1:-1]] == [
        "file", "README.md", "a.npy", "empty.npy", "loss.png", "toxmeter.json", "all"]
    assert lines[-1] == f"nothing was uploaded: toxmeter push {artifact.path} ada/tiny --yes does it"
    assert hub.log == []


def test_the_command_uploads(artifact: Artifact, hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(need("huggingface_hub.constants", extra="train"), "ENDPOINT", hub.url)
    done = CliRunner().invoke(app, ["push", str(artifact.path), "ada/tiny", "--private", "--yes"],
                              catch_exceptions=False)
    assert done.exit_code == 0
    assert done.output.endswith(f"\n{hub.url}/ada/tiny/commit/1\n")
    assert "nothing was uploaded" not in done.output
    assert TOKEN not in done.output


def test_the_command_names_the_mend(artifact: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    done = CliRunner().invoke(app, ["push", str(artifact.path), "ada/tiny", "--yes"])
    assert done.exit_code == 2
    assert "set the environment variable HF_TOKEN" in done.output
