//! Names, numbers and sentences for the sample documents. All invented; no list names a real person or firm on purpose.

use super::dice::Dice;

const FIRST: &[&str] = &[
    "Ada", "Boris", "Clara", "Dario", "Elena", "Felix", "Greta", "Hana", "Ivan", "Jonas", "Kira", "Liam", "Maya",
    "Noah", "Olga", "Pavel", "Rosa", "Simon", "Tara", "Ulrich", "Vera", "Walter", "Yuna", "Zoe", "Minji", "Jiho",
    "Sora", "Emil",
];
const LAST: &[&str] = &[
    "Abbott", "Becker", "Castro", "Dahl", "Ekman", "Fischer", "Gomez", "Hansen", "Ito", "Jansen", "Kowalski",
    "Lindgren", "Moreau", "Novak", "Okafor", "Petrov", "Quinn", "Rossi", "Schmidt", "Tanaka", "Ueda", "Vasquez",
    "Weber", "Young", "Kim", "Park", "Choi", "Zeller",
];
const STREETS: &[&str] = &[
    "Mill Lane",
    "Harbour Road",
    "Oak Street",
    "Station Road",
    "Church Hill",
    "Market Square",
    "Elm Avenue",
    "River Walk",
    "King Street",
    "Garden Row",
    "North Parade",
    "Quarry Road",
];
const CITIES: &[&str] = &[
    "Ashford",
    "Brookfield",
    "Carlow",
    "Denholm",
    "Eastwick",
    "Fairhaven",
    "Granton",
    "Hillmere",
    "Kingsport",
    "Larkhill",
    "Millbrook",
    "Northgate",
    "Oakridge",
    "Portsmere",
    "Redwater",
    "Stonebridge",
];
const FIRMS: &[&str] = &[
    "Northwind",
    "Bluestone",
    "Harbour",
    "Meridian",
    "Crestline",
    "Larkspur",
    "Ironbridge",
    "Silverfern",
    "Redwood",
    "Atlas",
    "Juniper",
    "Foxglove",
    "Granite",
    "Beacon",
    "Willow",
    "Summit",
];
const TRADES: &[&str] =
    &["Trading", "Supplies", "Logistics", "Insurance", "Electric", "Textiles", "Press", "Holdings", "Foods", "Optics"];
const FORMS: &[&str] = &["Ltd.", "Inc.", "& Co.", "GmbH", "Group", "Bros."];
const MONTHS: &[&str] = &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WORDS: &[&str] = &[
    "the", "of", "and", "to", "in", "a", "that", "was", "for", "with", "his", "on", "be", "at", "by", "had", "not",
    "are", "but", "from", "or", "have", "they", "which", "one", "were", "all", "their", "there", "been", "has", "when",
    "who", "will", "more", "if", "out", "so", "said", "what", "its", "about", "into", "than", "them", "can", "only",
    "other", "new", "some", "could", "time", "these", "two", "may", "then", "first", "any", "now", "such", "like",
    "our", "over", "man", "even", "most", "made", "after", "also", "many", "before", "must", "through", "years",
    "where", "much", "way", "well", "down", "should", "because", "each", "just", "those", "people", "house", "harbour",
    "winter", "letter", "matter", "morning", "report", "public", "water", "light", "council", "paper", "evening",
    "question", "account", "office", "village", "window", "station", "silence", "garden", "business", "interest",
    "certain", "company", "street", "service", "results", "measure", "period", "against", "between", "general",
    "another", "together", "several",
];
const HEADLINES: &[&str] = &[
    "HARBOUR BRIDGE TO REOPEN",
    "COUNCIL VOTES ON NEW TRAM",
    "STORM LEAVES COAST DARK",
    "RECORD HARVEST EXPECTED",
    "RIVER LEVELS STILL RISING",
    "NIGHT TRAIN RETURNS",
    "SCHOOLS TO TEACH REPAIR",
    "MUSEUM FINDS LOST MAP",
    "LIGHTHOUSE TURNS 150",
    "FERRY STRIKE ENTERS DAY 9",
];
const GOODS: &[&str] = &[
    "Coffee 500g",
    "Oat milk",
    "Rye bread",
    "Tomatoes",
    "Butter",
    "Apples 1kg",
    "Batteries",
    "Olive oil",
    "Green tea",
    "Soap bar",
    "Notebook",
    "Light bulb",
    "Rice 2kg",
    "Cheese",
    "Dark choc.",
    "Lemons",
    "Pasta",
    "Honey",
    "Eggs x10",
    "Yoghurt",
    "Salmon",
    "Napkins",
];
const WORKS: &[&str] = &[
    "Consulting hours",
    "Steel bracket M8",
    "Copper cable 25 m",
    "Site survey",
    "Printed leaflets",
    "Delivery, standard",
    "Oak panel 20 mm",
    "Maintenance visit",
    "Filter cartridge",
    "Design draft",
    "Software licence",
    "Packing material",
    "Bearing 6204",
    "Paint, white 5 l",
    "Training day",
    "Pump seal kit",
];
/// Name, unit, lower and upper reference in hundredths.
const ANALYTES: &[(&str, &str, i64, i64)] = &[
    ("Haemoglobin", "g/dL", 1200, 1600),
    ("Leukocytes", "10^9/L", 400, 1000),
    ("Platelets", "10^9/L", 15000, 40000),
    ("Glucose", "mmol/L", 390, 610),
    ("Creatinine", "umol/L", 6000, 11000),
    ("Sodium", "mmol/L", 13500, 14500),
    ("Potassium", "mmol/L", 350, 510),
    ("Calcium", "mmol/L", 215, 255),
    ("ALT", "U/L", 1000, 4500),
    ("AST", "U/L", 1000, 4000),
    ("Bilirubin", "umol/L", 300, 2100),
    ("Albumin", "g/L", 3500, 5000),
    ("Cholesterol", "mmol/L", 300, 520),
    ("Ferritin", "ug/L", 3000, 30000),
    ("CRP", "mg/L", 0, 500),
    ("TSH", "mIU/L", 40, 400),
    ("Urea", "mmol/L", 250, 780),
    ("Magnesium", "mmol/L", 70, 105),
];
const DRUGS: &[&str] = &[
    "Amoxicillin 500 mg",
    "Ibuprofen 400 mg",
    "Metformin 850 mg",
    "Ramipril 5 mg",
    "Omeprazole 20 mg",
    "Cetirizine 10 mg",
    "Paracetamol 1 g",
    "Salbutamol 100 ug",
    "Bisoprolol 2.5 mg",
    "Folic acid 5 mg",
];
const DOSES: &[&str] = &[
    "1 tablet, morning and evening",
    "1 capsule three times a day",
    "half a tablet before sleep",
    "2 tablets with food",
    "1 tablet every 8 hours",
    "as needed, not over 3 a day",
];

impl Dice {
    pub fn first_name(&mut self) -> &'static str {
        self.pick(FIRST)
    }

    pub fn last_name(&mut self) -> &'static str {
        self.pick(LAST)
    }

    pub fn full_name(&mut self) -> String {
        format!("{} {}", self.first_name(), self.last_name())
    }

    pub fn street(&mut self) -> String {
        format!("{} {}", self.int(1, 180), self.pick(STREETS))
    }

    pub fn city(&mut self) -> &'static str {
        self.pick(CITIES)
    }

    /// One word that a firm or a shop is known by.
    pub fn brand(&mut self) -> &'static str {
        self.pick(FIRMS)
    }

    pub fn firm(&mut self) -> String {
        format!("{} {} {}", self.brand(), self.pick(TRADES), self.pick(FORMS))
    }

    pub fn date(&mut self) -> String {
        format!("{:02} {} {}", self.int(1, 28), self.pick(MONTHS), self.int(1998, 2024))
    }

    /// Day, month and year in digits.
    pub fn short_date(&mut self, years: (i64, i64)) -> String {
        format!("{:02}.{:02}.{}", self.int(1, 28), self.int(1, 12), self.int(years.0, years.1))
    }

    pub fn phone(&mut self) -> String {
        format!("0{} {} {}", self.digits(2), self.digits(3), self.digits(4))
    }

    pub fn headline(&mut self) -> &'static str {
        self.pick(HEADLINES)
    }

    pub fn goods(&mut self) -> &'static str {
        self.pick(GOODS)
    }

    pub fn work(&mut self) -> &'static str {
        self.pick(WORKS)
    }

    /// `count` different drugs, each with a dose.
    pub fn drugs(&mut self, count: usize) -> Vec<(&'static str, &'static str)> {
        self.several(DRUGS, count).into_iter().map(|drug| (drug, self.pick(DOSES))).collect()
    }

    /// `count` different towns.
    pub fn cities(&mut self, count: usize) -> Vec<&'static str> {
        self.several(CITIES, count)
    }

    /// `count` different analytes: name, unit, lower and upper reference in hundredths.
    pub fn analytes(&mut self, count: usize) -> Vec<(&'static str, &'static str, i64, i64)> {
        self.several(ANALYTES, count)
    }

    pub fn word(&mut self) -> &'static str {
        self.pick(WORDS)
    }

    /// A capital, 5 to 14 words, perhaps a comma, a full stop.
    pub fn sentence(&mut self) -> String {
        let count = self.int(5, 14);
        let comma = if count > 7 && self.percent(60) { self.int(2, count - 3) } else { -1 };
        let mut text = String::new();
        for index in 0..count {
            if index > 0 {
                text.push_str(if index - 1 == comma { ", " } else { " " });
            }
            text.push_str(self.word());
        }
        text[..1].make_ascii_uppercase();
        text.push('.');
        text
    }

    pub fn sentences(&mut self, count: i64) -> String {
        (0..count).map(|_| self.sentence()).collect::<Vec<_>>().join(" ")
    }

    /// `count` words, each with a capital.
    pub fn title(&mut self, count: usize) -> String {
        let words: Vec<String> = (0..count)
            .map(|_| {
                let mut word = self.pick(&WORDS[WORDS.len() - 40..]).to_owned();
                word[..1].make_ascii_uppercase();
                word
            })
            .collect();
        words.join(" ")
    }
}

/// Hundredths as an amount: `1,234.50`.
pub(super) fn money(hundredths: i64) -> String {
    format!("{}.{:02}", thousands(hundredths / 100), hundredths % 100)
}

/// A whole number with a comma at every third digit.
pub(super) fn thousands(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_their_commas() {
        assert_eq!(money(123_456_705), "1,234,567.05");
        assert_eq!(money(7), "0.07");
        assert_eq!(thousands(999), "999");
    }
}
