//! The configuration file with every key, commented out, as `tenure config` prints it.

use super::keys::KEYS;

/// What each section is about.
const SECTIONS: &[(&str, &str)] = &[
    ("http", "What callers may use up."),
    ("ingest", "How much may wait before senders are told to come back."),
    ("imports", "Files that are sent to be imported."),
    ("archive", "When what came in goes from the journal into Parquet files."),
    (
        "retention",
        "How long what is kept: forever, or such as 90d, 18 months, 3 years. Applied once an hour by tenure serve, and by tenure retain.",
    ),
];

/// The file: every key at its default, commented out.
pub fn commented() -> String {
    let mut text = "# The configuration of Tenure: tenure.yaml in the data folder, or --config FILE, or TENURE_CONFIG.\n\
        # Every key can be set by an environment variable too (http.request_timeout: TENURE_HTTP_REQUEST_TIMEOUT; with _FILE after it:\n\
        # the path of a file that holds the value) and by --set KEY=VALUE. Flags win over the environment, that over this file.\n\
        # Paths are meant from this file's folder. tenure config --check tells what is wrong, tenure config --effective what holds.\n"
        .to_owned();
    let mut open = "";
    for key in KEYS {
        let (section, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if section != open {
            let about = SECTIONS.iter().find(|(name, _)| *name == section).map_or("", |(_, about)| about);
            text += &format!("\n# {about}\n{section}:\n");
            open = section;
        } else if section.is_empty() {
            text += "\n";
        }
        let indent = if section.is_empty() { "" } else { "  " };
        key.help.iter().for_each(|line| text += &format!("{indent}# {line}\n"));
        text += &format!("{indent}#{}{name}: {}\n", if indent.is_empty() { "" } else { " " }, key.example());
    }
    text
}
