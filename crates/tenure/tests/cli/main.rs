//! The command line as people use it: the real binary on small files, its output as snapshots.

mod backtest;
mod changing;
mod check;
mod company;
mod evaluate;
mod export;
mod human;
mod import;
mod ledger;
mod operations;
mod portfolio;
mod simulated;
mod sql;
