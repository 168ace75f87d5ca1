//! Names: of companies and people that sound right and belong to nobody.

/// Industries, and how companies in them like to end their names.
pub const INDUSTRIES: [(&str, [&str; 5]); 10] = [
    ("logistics", ["Logistics", "Freight", "Shipping", "Cargo", "Transport"]),
    ("finance", ["Capital", "Finance", "Bank", "Payments", "Credit"]),
    ("healthcare", ["Health", "Clinics", "Medical", "Care", "Diagnostics"]),
    ("retail", ["Stores", "Retail", "Market", "Outlet", "Goods"]),
    ("manufacturing", ["Works", "Industries", "Machines", "Tools", "Components"]),
    ("software", ["Software", "Systems", "Labs", "Cloud", "Data"]),
    ("media", ["Media", "Press", "Studios", "Publishing", "Pictures"]),
    ("education", ["Academy", "Learning", "College", "Schools", "Courses"]),
    ("energy", ["Energy", "Power", "Solar", "Grid", "Renewables"]),
    ("hospitality", ["Hotels", "Travel", "Resorts", "Catering", "Events"]),
];

/// Countries with their share of accounts and their hours ahead of UTC.
pub const COUNTRIES: [((&str, i8), f64); 10] = [
    (("US", -6), 0.38),
    (("DE", 1), 0.13),
    (("GB", 0), 0.12),
    (("FR", 1), 0.08),
    (("CA", -5), 0.06),
    (("NL", 1), 0.05),
    (("BR", -3), 0.05),
    (("IN", 5), 0.05),
    (("AU", 10), 0.04),
    (("JP", 9), 0.04),
];

/// The customer success managers: who owns accounts.
pub const OWNERS: [&str; 12] = ["carla", "deniz", "emeka", "freya", "goran", "hana", "ines", "jonas", "kavita", "leo", "mara", "noor"];

const HEADS: [&str; 40] = [
    "Al", "Ar", "Bel", "Bor", "Cal", "Cor", "Dal", "Dor", "El", "Fal", "Fen", "Gal", "Gre", "Hal", "Hol", "Il", "Jor", "Kal", "Kes", "Lan",
    "Lor", "Mar", "Mon", "Nor", "Ol", "Or", "Pel", "Por", "Quil", "Ral", "Ros", "Sal", "Sil", "Sor", "Tal", "Tor", "Ul", "Val", "Vor",
    "Wes",
];

const TAILS: [&str; 40] = [
    "aria", "ano", "bridge", "can", "dane", "den", "era", "eston", "field", "gate", "go", "hart", "ia", "ica", "ion", "is", "ka", "land",
    "lo", "mar", "mere", "mont", "na", "nova", "on", "ora", "po", "quay", "ra", "sen", "ta", "tera", "tis", "tor", "una", "ura", "va",
    "wick", "wyn", "zo",
];

const FORMS: [&str; 6] = ["", " Group", " Partners", " International", " Holdings", " Company"];

const FIRST: [&str; 40] = [
    "Ada", "Aiko", "Amir", "Ana", "Ben", "Bruno", "Chen", "Chloe", "Dana", "David", "Elif", "Emma", "Farah", "Felix", "Grace", "Hugo",
    "Ida", "Ivan", "Jade", "Jamal", "Julia", "Karim", "Kate", "Lars", "Lea", "Lucas", "Maria", "Max", "Mina", "Nils", "Nora", "Omar",
    "Paula", "Raj", "Rosa", "Sam", "Sofia", "Tariq", "Vera", "Yusuf",
];

const LAST: [&str; 40] = [
    "Abbott", "Ahmed", "Almeida", "Bauer", "Berg", "Brown", "Castro", "Clarke", "Costa", "Dubois", "Fischer", "Garcia", "Hansen",
    "Hayashi", "Ito", "Jensen", "Keller", "Khan", "Klein", "Kumar", "Lang", "Lee", "Lopez", "Martin", "Meyer", "Moreau", "Nakamura",
    "Novak", "Okafor", "Patel", "Peters", "Rossi", "Schmidt", "Silva", "Singh", "Smith", "Tanaka", "Vogel", "Wagner", "Walker",
];

/// The name of the company with this number: no other number below 48,000 gives it.
pub fn company(number: u32, industry: usize) -> String {
    let root = number * 769 % 1600;
    let ending = INDUSTRIES[industry].1[(number / 1600 % 5) as usize];
    let form = FORMS[(number / 8_000 % 6) as usize];
    let again = if number < 48_000 { String::new() } else { format!(" {}", number / 48_000 + 1) };
    format!("{}{} {ending}{form}{again}", HEADS[(root / 40) as usize], TAILS[(root % 40) as usize])
}

/// The name of a person, from two numbers.
pub fn person(first: u32, last: u32) -> String {
    format!("{} {}", FIRST[first as usize % FIRST.len()], LAST[last as usize % LAST.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn companies_have_names_of_their_own() {
        for industry in 0..INDUSTRIES.len() {
            let names: BTreeSet<String> = (0..50_000).map(|number| company(number, industry)).collect();
            assert_eq!(names.len(), 50_000);
        }
    }
}
