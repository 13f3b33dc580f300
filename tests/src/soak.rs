//! What `make soak` tries at length, and in which parts.

/// The variable that says so: `PART/PARTS`, such as `1/1` for all.
const VARIABLE: &str = "BREAKWATER_SOAK";

/// Whether stories are told at length: every fault, every step struck.
pub fn enabled() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// How often what must hold each time is tried: `BREAKWATER_RUNS`, or 20 times at length, or a few.
///
/// # Panics
/// If the variable is no number.
pub fn runs(few: usize) -> usize {
    let told = std::env::var("BREAKWATER_RUNS");
    let otherwise = if enabled() { 20 } else { few };
    told.map_or(otherwise, |n| n.parse().expect("BREAKWATER_RUNS: a number"))
}

/// The stories of the part that is asked for; none if nothing is told at length. `stories` come with
/// the minutes that they take.
///
/// # Panics
/// If the part that is asked for is none.
pub fn part<'a>(stories: &[(&'a str, u32)]) -> Option<Vec<&'a str>> {
    let asked = std::env::var(VARIABLE).ok()?;
    let numbers = asked.split_once('/').and_then(|(part, of)| {
        let (part, of): (usize, usize) = (part.parse().ok()?, of.parse().ok()?);
        (1..=of).contains(&part).then_some((part, of))
    });
    let (part, of) = numbers.unwrap_or_else(|| panic!("{VARIABLE}: no part such as 2/4: {asked}"));
    Some(parts(stories, of).swap_remove(part - 1))
}

/// The longest first, each to the part that has least.
fn parts<'a>(stories: &[(&'a str, u32)], count: usize) -> Vec<Vec<&'a str>> {
    let mut stories = stories.to_vec();
    stories.sort_by_key(|(_, minutes)| std::cmp::Reverse(*minutes));
    let mut parts = vec![(0, Vec::new()); count];
    for (name, minutes) in stories {
        let least = parts.iter_mut().min_by_key(|(sum, _)| *sum);
        let (sum, names) = least.expect("there is a part");
        *sum += minutes;
        names.push(name);
    }
    parts.into_iter().map(|(_, names)| names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_have_every_story_once_and_are_about_as_long() {
        let stories = [("a", 40), ("b", 10), ("c", 25), ("d", 15), ("e", 20)];
        let parts = parts(&stories, 2);
        let minutes = |names: &Vec<&str>| -> u32 {
            let of = |name: &&str| stories.iter().find(|(n, _)| n == name).unwrap().1;
            names.iter().map(of).sum()
        };
        assert_eq!(parts.iter().map(minutes).collect::<Vec<_>>(), [55, 55]);
        let mut all = parts.concat();
        all.sort_unstable();
        assert_eq!(all, ["a", "b", "c", "d", "e"]);
    }
}
