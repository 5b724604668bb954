//! Files that are made from something else, kept in the tree, and fresh. `UPDATE=1` writes them anew.
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// All files of one folder.
pub(crate) struct Generated {
    folder: PathBuf,
    files: BTreeMap<String, String>,
}

impl Generated {
    pub(crate) fn folder(name: &str) -> Self {
        Self {
            folder: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name),
            files: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, name: &str, text: &str) {
        // What a generator leaves at the end of lines, an editor takes away.
        let lines = text.lines().map(|line| line.trim_end().to_owned() + "\n");
        self.files.insert(name.to_owned(), lines.collect());
    }

    /// The folder has these files, as they are made now, and no other. `test` is the test file that made them.
    pub(crate) fn are_up_to_date(&self, test: &str) {
        let have = self.have();
        if have == self.files {
            return;
        }
        if std::env::var_os("UPDATE").is_some() {
            self.write_anew(&have);
        }
        let old = self
            .files
            .iter()
            .filter(|(name, text)| have.get(*name) != Some(text));
        let old: Vec<&String> = old.map(|(name, _)| name).collect();
        let extra: Vec<&String> = have
            .keys()
            .filter(|name| !self.files.contains_key(*name))
            .collect();
        panic!(
            "{}: out of date {old:?}, not made any more {extra:?}; run `UPDATE=1 cargo test --test {test} up_to_date`",
            self.folder.display()
        );
    }

    fn have(&self) -> BTreeMap<String, String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        entries
            .map(|entry| {
                (
                    entry.file_name().to_string_lossy().into_owned(),
                    read(entry.path()),
                )
            })
            .collect()
    }

    #[expect(clippy::disallowed_methods, reason = "generated files of the tree")]
    fn write_anew(&self, have: &BTreeMap<String, String>) {
        fs::create_dir_all(&self.folder).unwrap();
        for name in have.keys() {
            fs::remove_file(self.folder.join(name)).unwrap();
        }
        for (name, text) in &self.files {
            fs::write(self.folder.join(name), text).unwrap();
        }
    }
}
