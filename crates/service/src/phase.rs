//! What is done beside the engine's steps, told in the log when it begins and ends: whoever looks at the log of a crash knows what it fell into.

/// Something that is under way until it is dropped.
pub(crate) struct Phase(&'static str);

impl Phase {
    /// It begins.
    pub fn begin(name: &'static str) -> Phase {
        tracing::debug!("{name} begins");
        Phase(name)
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        tracing::debug!("{} ends", self.0);
    }
}
