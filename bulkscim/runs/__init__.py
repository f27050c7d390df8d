"""Where a run is put together: run, resume, retry, and what can be read of one."""

from bulkscim.runs.again import resume
from bulkscim.runs.report import RunReport
from bulkscim.runs.request import ResumeRequest, RunRequest
from bulkscim.runs.start import run

__all__ = ["ResumeRequest", "RunReport", "RunRequest", "resume", "run"]
