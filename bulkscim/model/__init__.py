"""Words of the field, as frozen values: operations, rows, steps, answers, requests."""
