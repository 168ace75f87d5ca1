//! schema: to come.
