//! month: to come.
