"""Results: from k6's summary and the records to a judged result, kept in a run's folder."""
