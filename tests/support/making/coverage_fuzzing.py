"""One target of `fuzzing`, fed by atheris, which looks for bytes that reach code that no bytes before reached.

`python -m tests.support.making.coverage_fuzzing TARGET SECONDS FOLDER`; without arguments it prints the targets' names.
What was found is left in FOLDER as `crash-…`, and the exit code is not 0.
"""

import sys
from pathlib import Path


def main() -> None:
    """Feed one target for some seconds, beginning with what it is known to take."""
    if len(sys.argv) == 1:
        from tests.support.making.fuzzing import TARGETS

        sys.stdout.write("\n".join(TARGETS) + "\n")
        return
    name, seconds, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    import atheris

    with atheris.instrument_imports(include=["bulkscim"]):
        from tests.support.making.fuzzing import TARGETS, starts
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(starts(name)):
        (corpus / f"start{number}").write_bytes(data)
    flags = [
        f"-max_total_time={seconds}",
        "-timeout=20",
        "-max_len=8192",
        "-rss_limit_mb=2048",
        "-verbosity=0",
    ]
    atheris.Setup([name, *flags, f"-artifact_prefix={corpus}-", str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
