//! What arrives over HTTP, and the batch of the journal it goes into.

mod beside;
mod body;
mod cloud_events;
mod entities;
mod hostile;
mod journal;
mod sdks;
mod segment;
mod speed;
mod tell;
