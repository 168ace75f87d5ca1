//! The nouns and the definitions of Tenure: YAML files in, a checked model out; conditions; time; the words everyone shares.
//!
//! Pure: no I/O, no clock. Everything else in the workspace points here.

pub mod check;
mod comparison;
pub mod condition;
pub mod decimal;
pub mod definition;
pub mod diagnostic;
pub mod diff;
pub mod edit;
pub mod file;
pub mod input;
pub mod pull;
pub mod scenario;
pub mod schema;
pub mod time;
pub mod value;
pub mod yaml;

pub use check::check;
pub use condition::Program;
pub use decimal::Decimal;
pub use definition::Model;
pub use diagnostic::Diagnostic;
pub use time::{Calendar, Day, Instant, Span};
pub use value::{Kind, Value};
