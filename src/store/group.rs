//! Groups that are one user's own: many systems make one for each user, and leave it what that user makes.
use std::fs;

/// Whether nobody but this user is in this group, and it bears that user's name. What is not in the machine's own two
/// files (a directory service has it) is not known, and so is not.
pub(super) fn is_own(user: u32, group: u32) -> bool {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    is_own_in(&read("/etc/passwd"), &read("/etc/group"), user, group)
}

fn is_own_in(passwd: &str, groups: &str, user: u32, group: u32) -> bool {
    let id = |line: &[&str], at: usize| line.get(at).and_then(|field| field.parse::<u32>().ok());
    let users: Vec<Vec<&str>> = fields(passwd).collect();
    let is_name = |name: &str| {
        let mut own = users.iter().filter(|line| id(line, 2) == Some(user));
        own.any(|line| line.first() == Some(&name))
    };
    let mut first_here = users.iter().filter(|line| id(line, 3) == Some(group));
    let mut same = fields(groups).filter(|line| id(line, 2) == Some(group));
    let (Some(own), None) = (same.next(), same.next()) else {
        return false;
    };
    let mut members = own.get(3).unwrap_or(&"").split(',');
    own.first().is_some_and(|name| is_name(name))
        && members.all(|member| member.is_empty() || is_name(member))
        && first_here.all(|line| id(line, 2) == Some(user))
}

fn fields(file: &str) -> impl Iterator<Item = Vec<&str>> {
    file.lines().map(|line| line.split(':').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_a_users_own_if_it_has_that_name_and_no_other_member() {
        let passwd = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n\
                      bob:x:1001:1001::/home/bob:/bin/sh\neve:x:1002:1001::/home/eve:/bin/sh\n\
                      dan:x:1003:1003::/home/dan:/bin/sh\n";
        let groups =
            "root:x:0:\nann:x:1000:ann\nbob:x:1001:\ndan:x:1003:ann\nstaff:x:50:\ntwin:x:7:\n";
        for (user, group, is_own) in [
            (0, 0, true),
            (1000, 1000, true),
            // Another user's first group, another member, another name, another's, and none at all.
            (1001, 1001, false),
            (1003, 1003, false),
            (1000, 50, false),
            (1000, 0, false),
            (1000, 4711, false),
            (4711, 1000, false),
        ] {
            assert_eq!(
                is_own_in(passwd, groups, user, group),
                is_own,
                "{user} {group}"
            );
        }
        assert!(!is_own_in("", "", 1000, 1000));
    }
}
