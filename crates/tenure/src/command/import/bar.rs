//! The progress bar of an import, hidden where standard error is no terminal.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tenure_import::{Format, Phase, Progress, Source};

/// How often it is drawn.
const TICK: Duration = Duration::from_millis(100);

/// Shows how far some work is while it goes on.
pub async fn beside<T>(source: &Source, progress: &Arc<Progress>, work: impl Future<Output = T>) -> T {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_message(source.name().to_owned());
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            () = tokio::time::sleep(TICK) => show(&bar, source, progress),
        }
    };
    bar.finish_and_clear();
    done
}

fn show(bar: &ProgressBar, source: &Source, progress: &Progress) {
    let unit = match (progress.phase(), source.format()) {
        (Phase::Settling, _) => "{human_pos}/{human_len} months",
        (_, Format::Parquet) => "{human_pos}/{human_len} rows",
        _ => "{binary_bytes}/{binary_total_bytes}",
    };
    let style = ProgressStyle::with_template(&format!("{{msg}} {{wide_bar}} {unit} {{eta}}"));
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let (done, total) = progress.parts();
    bar.set_length(total);
    bar.set_position(done);
}
