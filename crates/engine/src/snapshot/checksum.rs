//! Whether bytes are those that were written.

/// A sum in which damage shows, but for one chance in 2⁶⁴. It does not protect from intent.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    const MIX: u128 = 0x9e37_79b9_7f4a_7c15;
    let mut sum = bytes.len() as u64 ^ MIX as u64;
    let mut add = |word: u64| {
        // Both halves of the product: a change of a high bit reaches the low ones too.
        let wide = u128::from(sum ^ word) * MIX;
        sum = (wide as u64 ^ (wide >> 64) as u64).rotate_left(29);
    };
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().for_each(|word| add(u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    add(u64::from_le_bytes(last));
    add(0);
    sum
}
