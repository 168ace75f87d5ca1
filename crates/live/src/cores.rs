//! The same work for many accounts, on all cores.

/// As few as these are done by the calling thread: starting others takes longer.
const SHARED_MIN: usize = 64;

/// Those of the elements, by their numbers, which ascend.
pub(crate) fn pick<'a, T>(all: &'a mut [T], numbers: &[usize]) -> Vec<&'a mut T> {
    let mut rest = all.iter_mut();
    let mut before = 0;
    let next = |number: &usize| {
        let skip = number - before;
        before = number + 1;
        rest.nth(skip)
    };
    numbers.iter().filter_map(next).collect()
}

/// Does the work for each, in any order, and gives the results in theirs.
pub(crate) fn on_all_cores<T: Send, R: Send>(mut all: Vec<&mut T>, work: impl Fn(&mut T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if all.len() < SHARED_MIN || cores == 1 {
        return all.into_iter().map(work).collect();
    }
    let share = all.len().div_ceil(cores);
    let mut results = Vec::with_capacity(all.len());
    std::thread::scope(|scope| {
        let work = &work;
        let mut others = Vec::with_capacity(cores);
        while all.len() > share {
            let part = all.split_off(all.len() - share);
            others.push(scope.spawn(move || part.into_iter().map(work).collect::<Vec<_>>()));
        }
        results.extend(all.into_iter().map(work));
        for other in others.into_iter().rev() {
            match other.join() {
                Ok(part) => results.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_once_and_in_order() {
        for n in [0, 1, 63, 64, 65, 1_000] {
            let mut all: Vec<usize> = (0..2 * n).collect();
            let odd: Vec<usize> = (0..n).map(|i| 2 * i + 1).collect();
            let results = on_all_cores(pick(&mut all, &odd), |x| std::mem::replace(x, 0));
            assert_eq!(results, odd);
            assert!((0..n).all(|i| all[2 * i] == 2 * i && all[2 * i + 1] == 0));
        }
    }
}
