"""tools/tensorboard_pictures.py with stand-ins for TensorBoard and Chromium, which tests do not have."""

import importlib.util
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
TENSORBOARD = """
import http.server, sys
given = dict(zip(sys.argv[1:], sys.argv[2:]))
class Answer(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Answer.asked += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(RUNS if self.path == "/data/runs" and Answer.asked > 1 else b"[]")
http.server.HTTPServer((given["--host"], int(given["--port"])), Answer).serve_forever()
"""
CHROMIUM = """
import sys
from PIL import Image
to = next(word.partition("=")[2] for word in sys.argv if word.startswith("--screenshot="))
Image.new("RGB", (1100, 720), {"scalars": "red", "images": "lime"}[sys.argv[-1].rpartition("#")[2]]).save(to)
"""


@pytest.fixture
def pictures():
    spec = importlib.util.spec_from_file_location("tensorboard_pictures", ROOT / "tools/tensorboard_pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def program(path, text):
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return str(path)


def test_pages_of_one_run_are_laid_on_one_sheet_of_few_colours(tmp_path, pictures):
    tensorboard = program(tmp_path / "tensorboard", TENSORBOARD.replace("RUNS", "b'[\"train\"]'"))
    chromium = program(tmp_path / "chromium", CHROMIUM)
    to = tmp_path / "pictures" / "all.png"
    pictures.main(["--logdir", str(tmp_path), "--to", str(to), "--tensorboard", tensorboard, "--chromium", chromium,
                   "--pages", "scalars", "images"])  # fmt: skip
    with Image.open(to) as sheet:
        assert sheet.mode == "P" and sheet.size == (2 * pictures.WIDTH + 8, 471)
        colours = sheet.convert("RGB")
        assert colours.getpixel((5, 5)) == (255, 0, 0)
        assert colours.getpixel((pictures.WIDTH + 20, 5)) == (0, 255, 0)


def test_a_folder_without_a_run_is_said_and_no_page_photographed(tmp_path, pictures):
    tensorboard = program(tmp_path / "tensorboard", TENSORBOARD.replace("RUNS", "b'[]'"))
    with pytest.raises(RuntimeError, match="event files"):
        with pictures.served(tensorboard, str(tmp_path), patience=2):
            raise AssertionError("there is nothing to photograph")


def test_a_program_that_is_missing_is_named(tmp_path, pictures, capsys):
    with pytest.raises(SystemExit):
        pictures.main(["--tensorboard", str(tmp_path / "nowhere")])
    assert "nowhere" in capsys.readouterr().err
