//! What was measured, as a table in `docs/reliability.md`.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use crate::support::root;

/// Writes happen one at a time: all tables stand in one file.
static FILE: Mutex<()> = Mutex::new(());

pub(crate) struct Table {
    /// It stands between `<!-- NAME -->` and `<!-- /NAME -->`.
    pub(crate) name: &'static str,
    pub(crate) heads: &'static [&'static str],
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// Into the file that `FAULTS` names, from the repository's root; nowhere if it is not set.
    pub(crate) fn written(&self) {
        let Some(path) = env::var_os("FAULTS").map(PathBuf::from) else {
            return;
        };
        let _one = FILE.lock().unwrap();
        let path = root().join(path);
        let text = fs::read_to_string(&path).unwrap();
        let (begin, end) = (
            format!("<!-- {} -->\n", self.name),
            format!("<!-- /{} -->", self.name),
        );
        let (before, rest) = text.split_once(&begin).expect("a place for the table");
        let (_, after) = rest.split_once(&end).expect("an end of the table");
        fs::write(
            path,
            format!("{before}{begin}{}{end}{after}", self.markdown()),
        )
        .unwrap();
    }

    fn markdown(&self) -> String {
        let line = |cells: &[String]| {
            let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let heads: Vec<_> = self.heads.iter().map(|head| (*head).to_owned()).collect();
        let rule = format!("|{}\n", "---|".repeat(heads.len()));
        let rows = self.rows.iter().map(|row| line(row));
        format!("{}{rule}{}", line(&heads), rows.collect::<String>())
    }
}

pub(crate) fn megabytes(kibibytes: u64) -> f64 {
    (kibibytes << 10) as f64 / 1e6
}

/// Does the same with all of them, so many at a time: most of their time is waiting. The results are in the same order.
pub(crate) fn at_once<T: Sync, R: Send>(
    workers: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    let result = work(item);
                    results.lock().unwrap().push((at, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
