"""Where a run is put together: run, resume, retry, rollback, and what can be read of one."""

from bulkscim.runs.again import resume
from bulkscim.runs.report import RunReport
from bulkscim.runs.request import ResumeRequest, RollbackRequest, RunRequest
from bulkscim.runs.rollback import rollback
from bulkscim.runs.start import run

__all__ = ["ResumeRequest", "RollbackRequest", "RunReport", "RunRequest", "resume", "rollback", "run"]
