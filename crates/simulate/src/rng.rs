//! Randomness that is an argument: a small generator, seeded by numbers, and the distributions that the simulator draws from.
//!
//! The generator is xoshiro256++ (Blackman and Vigna, 2019), its state filled by SplitMix64. A stream is named by a key of numbers, so that any
//! account's any day can be drawn by itself, in any order. Logarithms and the like are libm's: the same bits on every machine.

use std::f64::consts::TAU;

/// What a stream is for: the first part of its key after the seed.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Account,
    People,
    Contract,
    Diary,
    Week,
    Day,
}

/// A stream of random numbers.
pub struct Rng([u64; 4]);

impl Rng {
    /// The stream of that key: the same key, the same numbers.
    pub(crate) fn new(seed: u64, stream: Stream, account: u32, part: u32) -> Rng {
        let mut state = seed;
        let mut key = split_mix(&mut state) ^ (stream as u64);
        key = split_mix(&mut key) ^ u64::from(account);
        key = split_mix(&mut key) ^ u64::from(part);
        Rng(std::array::from_fn(|_| split_mix(&mut key)))
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [from, to).
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.uniform()
    }

    /// A whole number, uniform in 0..n; 0 for n = 0.
    pub fn below(&mut self, n: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u32
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    /// One of them, by weight; weights sum to about 1, the last takes the rest.
    pub fn weighted<T: Copy>(&mut self, from: &[(T, f64)]) -> T {
        let mut left = self.uniform();
        for &(value, weight) in from {
            left -= weight;
            if left < 0.0 {
                return value;
            }
        }
        from[from.len() - 1].0
    }

    /// Normal with mean 0 and deviation 1.
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(TAU * self.uniform())
    }

    /// Lognormal with this median and this deviation of its logarithm.
    pub fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.normal())
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.uniform())
    }

    /// How many, when this many are expected. From 30 on by the normal approximation.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        if mean >= 30.0 {
            return (mean + libm::sqrt(mean) * self.normal() + 0.5).max(0.0) as u32;
        }
        let limit = libm::exp(-mean);
        let mut product = self.uniform();
        let mut n = 0;
        while product > limit {
            product *= self.uniform();
            n += 1;
        }
        n
    }

    /// Geometric from 0 with this mean.
    pub fn geometric(&mut self, mean: f64) -> u32 {
        (libm::log(1.0 - self.uniform()) / libm::log(mean / (1.0 + mean))) as u32
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xoshiro_gives_the_published_numbers() {
        // The first outputs for the state 1, 2, 3, 4, as printed by the authors' C code.
        let mut rng = Rng([1, 2, 3, 4]);
        assert_eq!([rng.next(), rng.next(), rng.next()], [41943041, 58720359, 3588806011781223]);
    }

    #[test]
    fn streams_differ_by_every_part_of_their_key() {
        let first = |seed, stream, account, part| Rng::new(seed, stream, account, part).next();
        let all = [
            first(1, Stream::Day, 1, 1),
            first(2, Stream::Day, 1, 1),
            first(1, Stream::Week, 1, 1),
            first(1, Stream::Day, 2, 1),
            first(1, Stream::Day, 1, 2),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b));
        }
        assert_eq!(first(1, Stream::Day, 1, 1), all[0]);
    }

    #[test]
    fn distributions_have_their_means() {
        type Draw = fn(&mut Rng) -> f64;
        let mut rng = Rng::new(7, Stream::Day, 0, 0);
        let draws: [(f64, Draw); 8] = [
            (0.5, |r| r.uniform()),
            (0.0, |r| r.normal()),
            (1.0, |r| libm::pow(r.normal(), 2.0)),
            (3.0, |r| f64::from(r.poisson(3.0))),
            (50.0, |r| f64::from(r.poisson(50.0))),
            (4.0, |r| f64::from(r.geometric(4.0))),
            (4.5, |r| f64::from(r.below(10))),
            (5.0, |r| r.exponential(5.0)),
        ];
        for (expected, draw) in draws {
            let mean = (0..100_000).map(|_| draw(&mut rng)).sum::<f64>() / 100_000.0;
            assert!((mean - expected).abs() < 0.02 * expected.max(1.0), "{mean} instead of {expected}");
        }
    }
}
