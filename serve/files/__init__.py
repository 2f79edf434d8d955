"""Files that come in, and originals that go out."""
