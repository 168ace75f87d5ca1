//! rows: to come.
