//! The running service.
