"""What deploy/try_image.py does inside the image: is it confined, does it get well and answer?"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

START_SECONDS = 180
SAMPLES = Path("/data/samples")
QUESTIONS = (
    ("ingest", str(SAMPLES)),
    ("ask", "When does the ferry leave?"),
    ("search", "mairie"),
    ("status",),
)


def check_confinement() -> None:
    """End where anything but what is given can be written to, or reached."""
    assert os.getuid() != 0
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    assert "CapEff:\t0000000000000000" in status
    assert "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    for folder in ("/", "/etc", "/models", "/opt/cloister", "/usr", "/var"):
        try:
            Path(folder, "written").touch()
        except OSError:
            continue
        sys.exit(f"{folder} can be written to")
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=2).close()
    except OSError:
        return
    sys.exit("there is a way out")


def make_samples() -> None:
    """A text, and a picture of a French sentence."""
    SAMPLES.mkdir()
    text = "The ferry to the island leaves at nine in the morning.\n"
    (SAMPLES / "ferry.txt").write_text(text, encoding="utf-8")
    picture = Image.new("L", (1400, 160), 255)
    font = ImageFont.load_default(48)
    sentence = "La mairie ouvre ses portes le lundi matin."
    ImageDraw.Draw(picture).text((40, 40), sentence, 0, font)
    picture.save(SAMPLES / "affiche.png")


def main() -> None:
    """Start it as its container does, and use it."""
    told = json.loads(sys.argv[1])
    check_confinement()
    make_samples()
    begun = time.monotonic()
    server = subprocess.Popen(told["start"])
    try:
        while subprocess.run(told["health"], stderr=subprocess.DEVNULL, check=False).returncode:
            if server.poll() is not None or time.monotonic() - begun > START_SECONDS:
                sys.exit("it did not get well")
            time.sleep(0.2)
        sys.stdout.write(f"well after {time.monotonic() - begun:.1f} s\n")
        for words in QUESTIONS:
            sys.stdout.write(f"$ cloister {' '.join(words)}\n")
            sys.stdout.flush()
            begun = time.monotonic()
            code = subprocess.run(["cloister", *words], check=False).returncode
            sys.stdout.write(f"-> {code} after {time.monotonic() - begun:.1f} s\n")
            if code:
                sys.exit(1)
    finally:
        server.terminate()
        sys.stdout.write(f"ended with {server.wait(30)}\n")


main()
