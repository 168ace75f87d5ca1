//! The service from outside, on a clock of its own. One program: it links DataFusion, once.

mod late;
mod life;
mod midnight;
mod restart;
mod silence;
mod switch;
mod times;
mod world;
