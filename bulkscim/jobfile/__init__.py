"""Job files: from lines to operations, and back to an errors file."""

from bulkscim.jobfile.csv_writer import guarded
from bulkscim.jobfile.index import Index
from bulkscim.jobfile.operations import Defaults
from bulkscim.jobfile.reading import raw_records, rows
from bulkscim.jobfile.records import Fault, Problem, Record
from bulkscim.jobfile.source import JobSource, open_source, reopen_source
from bulkscim.jobfile.validate import Checked, check, index_of
from bulkscim.jobfile.writer import ErrorsFile, Failure

__all__ = [
    "Checked",
    "Defaults",
    "ErrorsFile",
    "Failure",
    "Fault",
    "Index",
    "JobSource",
    "Problem",
    "Record",
    "check",
    "guarded",
    "index_of",
    "open_source",
    "raw_records",
    "reopen_source",
    "rows",
]
