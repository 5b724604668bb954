//! The local CA: it can speak for the intercepted names and nothing else, for 30 days.
//!
//! A root signs one intermediate and its key is gone before the first byte is on disk; the intermediate, whose key
//! is kept, signs leaves. Both carry the same critical constraints: the intercepted names, no addresses. Clients
//! trust the root. A key stolen from the disk can forge the intercepted names, and only until the CA ends.
//!
//! | path | mode | |
//! |---|---|---|
//! | `HOME` | 0711 | another user passes through it, to the public folder, but cannot list it |
//! | `HOME/ca/` | 0700 | its lock says who uses the CA |
//! | `HOME/ca/{root.pem, intermediate.pem, intermediate.key, bundle.pem}` | 0600 | the key is written last: without it there is no CA |
//! | the public folder | 0755 | `HOME/public/` or `/etc/nicetap/` |
//! | `root.pem`, `bundle.pem` in it | 0644 | the root; the system's roots and the root |
//!
//! The folders *above* a home are the user's: whether another user can pass through them is for `doctor` to say.
//! A running [`Ca`] shares the lock, and a new CA is made under the exclusive one, so none is ever taken away from
//! under a running proxy. After [`Ca::open`] this room reads and writes nothing: a handshake costs at most one
//! signature, and a look at access times until somebody has read a new root.
//! It never repairs damaged files, and gives no leaf that a client would have to refuse.
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{Issuer, KeyPair};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{RootCertStore, ServerConfig};
use zeroize::Zeroize as _;

use self::cert::Life;
use self::files::{Files, INTERMEDIATE, Stored};
use self::names::Names;
use self::tls::Tls;
use self::unread::Unread;

pub use self::error::CaError;
pub use self::info::{Info, Paths};
pub use self::tls::provider;

mod cert;
mod error;
mod files;
mod info;
mod names;
mod tls;
mod unread;

/// An open CA, ready to give leaves. While it lives, no other process can replace the CA in this home.
pub struct Ca {
    files: Files,
    info: Info,
    root_pem: String,
    system_roots: usize,
    names: Names,
    life: Life,
    intermediate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
    tls: Tls,
    leaves: Mutex<HashMap<String, Leaf>>,
    unread: Unread,
}

impl Ca {
    /// Opens the CA of a home, and makes one where there is none, where a name lies outside its constraints, or
    /// where less than 3 days of it are left. `public` is where the copies go that clients read.
    ///
    /// A CA that another process uses is not replaced: for age it is kept while it is good, else the answer is
    /// [`CaError::InUse`].
    pub fn open(
        home: &Path,
        public: &Path,
        names: &[String],
        now: Timestamp,
    ) -> Result<(Self, Opened), CaError> {
        let wanted = Names::wanted(names)?;
        let now = now.as_second();
        let files = Files::open(home)?;
        let mut alone = files.dir().lock();
        let mut found = files.read()?;
        let mut opened = Opened::judge(found.as_ref(), &wanted, now);
        if opened != Opened::Kept && !alone {
            // Who had the lock may have ended, or made the CA, in the meantime.
            alone = files.dir().lock();
            found = files.read()?;
            opened = Opened::judge(found.as_ref(), &wanted, now);
        }
        let stored = match found {
            Some(stored) if opened == Opened::Kept => stored,
            Some(stored) if !alone && opened == Opened::ReplacedForAge && stored.left(now) > 0 => {
                opened = Opened::Kept;
                stored
            }
            _ => renew(&files, alone, &wanted, now)?,
        };
        let mut ca = Self::with(files, stored, public, now)?;
        if opened != Opened::Kept {
            ca.unread = Unread::watch(ca.files.with_root(&ca.info.paths));
        }
        Ok((ca, opened))
    }

    /// Makes a new CA whatever is there, damaged or not. Clients must then trust the new root.
    pub fn rotate(
        home: &Path,
        public: &Path,
        names: &[String],
        now: Timestamp,
    ) -> Result<Self, CaError> {
        let wanted = Names::wanted(names)?;
        let now = now.as_second();
        let files = Files::open(home)?;
        let alone = files.dir().lock();
        let stored = renew(&files, alone, &wanted, now)?;
        Self::with(files, stored, public, now)
    }

    /// The TLS settings for connections to a host: its leaf and the intermediate, TLS 1.2 and 1.3, `http/1.1`.
    ///
    /// Kept per host, and made anew when less than a day of the leaf is left. Refused: addresses, hosts outside the
    /// constraints, and all hosts once the CA has ended; such connections are to be tunnelled unread.
    pub fn server_config(&self, host: &str) -> Result<Arc<ServerConfig>, CaError> {
        self.server_config_at(host, Timestamp::now().as_second())
    }

    /// Whether it is certain that no client can know the root: it was made at this start, and nobody has read it.
    pub fn is_unread(&self) -> bool {
        self.unread.is_certain()
    }

    /// The root, PEM, for somebody who will know it from now on.
    pub fn root_pem(&self) -> &str {
        self.unread.give();
        &self.root_pem
    }

    /// The public copies, to be named to clients.
    pub fn paths(&self) -> &Paths {
        &self.info.paths
    }

    /// What there is to say about it.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// How many roots of the system stand in the bundle; with 0, a client that is given the bundle trusts us only.
    pub fn system_roots(&self) -> usize {
        self.system_roots
    }

    fn with(files: Files, mut stored: Stored, public: &Path, now: i64) -> Result<Self, CaError> {
        if now < stored.authority.life.from {
            return Err(CaError::NotYetValid {
                from: timestamp(stored.authority.life.from),
            });
        }
        // Both sides of a signature have parsed copies of their own; the text of the keys has done its work.
        stored.key.zeroize();
        let mut leaf_key = KeyPair::generate()?;
        let tls = Tls::new(&leaf_key)?;
        leaf_key.zeroize();
        let mut ca = Self {
            info: Info::of(&stored, &files, public),
            root_pem: stored.root_pem,
            system_roots: 0,
            names: stored.authority.names,
            life: stored.authority.life,
            issuer: Issuer::from_ca_cert_der(&stored.intermediate, stored.key)?,
            intermediate: stored.intermediate,
            leaf_key,
            tls,
            leaves: Mutex::default(),
            unread: Unread::unknown(),
            files,
        };
        ca.prove(stored.root, now)?;
        ca.system_roots = ca.files.publish(&ca.root_pem, public)?;
        ca.info.is_published = true;
        ca.files.dir().share_lock();
        Ok(ca)
    }

    /// Lets a strict client verify a leaf. It finds what reading each file by itself does not.
    fn prove(&self, root: CertificateDer<'static>, now: i64) -> Result<(), CaError> {
        let Some(host) = self.names.as_slice().first() else {
            return Err(CaError::NoNames);
        };
        let leaf = self.sign(host, now)?;
        let mut roots = RootCertStore::empty();
        roots.add(root)?;
        let refused = |error: &dyn fmt::Display| {
            self.files.damaged(
                INTERMEDIATE,
                format!("root.pem does not vouch for it ({error})"),
            )
        };
        let client =
            WebPkiServerVerifier::builder_with_provider(roots.into(), self.tls.provider.clone())
                .build()
                .map_err(|error| refused(&error))?;
        let name = ServerName::try_from(host.as_str()).map_err(|error| refused(&error))?;
        let moment = UnixTime::since_unix_epoch(Duration::from_secs(now.max(0).unsigned_abs()));
        client
            .verify_server_cert(
                leaf.der(),
                std::slice::from_ref(&self.intermediate),
                &name,
                &[],
                moment,
            )
            .map_err(|error| refused(&error))?;
        Ok(())
    }

    fn server_config_at(&self, host: &str, now: i64) -> Result<Arc<ServerConfig>, CaError> {
        let host = names::host(host)?;
        if !self.names.cover(&host) {
            return Err(CaError::Outside {
                host,
                names: self.names.to_string(),
            });
        }
        if now < self.life.from {
            return Err(CaError::NotYetValid {
                from: timestamp(self.life.from),
            });
        }
        if now >= self.life.to {
            return Err(CaError::Expired {
                to: timestamp(self.life.to),
            });
        }
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = leaves.get(&host)
            && leaf.use_in.contains(now)
        {
            return Ok(leaf.config.clone());
        }
        let signed = self.sign(&host, now)?;
        let life = self.leaf_life(now);
        // A leaf that ends with the CA has no better successor.
        let last_day = if life.to < self.life.to { DAY } else { 0 };
        let use_in = Life {
            from: life.from,
            to: life.to - last_day,
        };
        let config = self
            .tls
            .config(vec![signed.der().clone(), self.intermediate.clone()])?;
        if leaves.len() >= MOST_LEAVES {
            leaves.clear();
        }
        leaves.insert(
            host,
            Leaf {
                config: config.clone(),
                use_in,
            },
        );
        Ok(config)
    }

    fn sign(&self, host: &str, now: i64) -> Result<rcgen::Certificate, CaError> {
        cert::leaf(host, &self.leaf_key, &self.issuer, self.leaf_life(now))
    }

    fn leaf_life(&self, now: i64) -> Life {
        Life {
            from: now - DAY,
            to: now + 7 * DAY,
        }
        .within(self.life)
    }
}

impl fmt::Debug for Ca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ca")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

/// What [`Ca::open`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The CA was there and is good: clients need nothing new.
    Kept,
    /// There was none.
    Created,
    /// A wanted name lay outside its constraints: clients must trust the new root.
    ReplacedForNames,
    /// Less than 3 days of it were left: clients must trust the new root.
    ReplacedForAge,
}

impl Opened {
    fn judge(found: Option<&Stored>, wanted: &Names, now: i64) -> Self {
        match found {
            None => Self::Created,
            Some(stored) if !stored.authority.names.cover_all(wanted) => Self::ReplacedForNames,
            Some(stored) if stored.left(now) < 3 * DAY => Self::ReplacedForAge,
            Some(_) => Self::Kept,
        }
    }
}

/// The settings of a host, and when they may be used.
struct Leaf {
    config: Arc<ServerConfig>,
    use_in: Life,
}

fn renew(files: &Files, alone: bool, wanted: &Names, now: i64) -> Result<Stored, CaError> {
    if !alone {
        return Err(CaError::InUse {
            folder: files.dir().path().into(),
        });
    }
    files.write(&cert::make(wanted, now)?)?;
    // Read back: what is served is what the next start will find.
    files
        .read()?
        .ok_or_else(|| files.damaged(INTERMEDIATE, "its key has vanished"))
}

fn timestamp(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Hosts whose settings are kept. Subdomains are without number, and a client may ask for them all.
const MOST_LEAVES: usize = 256;

#[cfg(test)]
mod tests {
    use x509_parser::prelude::{FromDer as _, X509Certificate};

    use super::*;

    const NOW: i64 = 1_795_491_667;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn open(&self, names: &[&str], now: i64) -> Result<(Ca, Opened), CaError> {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let home = self.0.path().join("home");
            Ca::open(&home, &home.join("public"), &names, timestamp(now))
        }
    }

    fn life_of(leaf: &rcgen::Certificate) -> Life {
        let (_, parsed) = X509Certificate::from_der(leaf.der()).unwrap();
        let validity = parsed.validity();
        Life {
            from: validity.not_before.timestamp(),
            to: validity.not_after.timestamp(),
        }
    }

    #[test]
    fn a_leaf_is_kept_for_six_days_and_then_renewed() {
        let (ca, _) = Home::new().open(&["nicenic.net"], NOW).unwrap();
        let at = |host: &str, now: i64| ca.server_config_at(host, now).unwrap();
        let first = at("api.nicenic.net", NOW);
        assert!(Arc::ptr_eq(
            &first,
            &at("API.nicenic.net.", NOW + 6 * DAY - 1)
        ));
        assert!(!Arc::ptr_eq(&first, &at("sandbox-api.nicenic.net", NOW)));
        let second = at("api.nicenic.net", NOW + 6 * DAY);
        assert!(!Arc::ptr_eq(&first, &second));
        assert!(Arc::ptr_eq(&second, &at("api.nicenic.net", NOW + 6 * DAY)));
    }

    #[test]
    fn no_leaf_outlives_the_ca_and_after_its_end_there_is_none() {
        let (ca, _) = Home::new().open(&["nicenic.net"], NOW).unwrap();
        let week = ca.sign("nicenic.net", NOW).unwrap();
        assert_eq!(
            life_of(&week),
            Life {
                from: NOW - DAY,
                to: NOW + 7 * DAY
            }
        );
        let end = NOW + 30 * DAY;
        assert_eq!(life_of(&ca.sign("nicenic.net", end - DAY).unwrap()).to, end);
        let last = ca.server_config_at("nicenic.net", end - DAY).unwrap();
        let again = ca.server_config_at("nicenic.net", end - 1).unwrap();
        assert!(Arc::ptr_eq(&last, &again));
        let refused = ca.server_config_at("nicenic.net", end).unwrap_err();
        assert!(matches!(refused, CaError::Expired { .. }), "{refused}");
    }

    #[test]
    fn leaves_share_a_key_but_no_serial_number() {
        let (ca, _) = Home::new().open(&["nicenic.net"], NOW).unwrap();
        let leaves = [0, 1].map(|_| ca.sign("nicenic.net", NOW).unwrap());
        let parsed = leaves
            .each_ref()
            .map(|leaf| X509Certificate::from_der(leaf.der()).unwrap().1);
        assert_eq!(parsed[0].public_key(), parsed[1].public_key());
        assert_ne!(parsed[0].raw_serial(), parsed[1].raw_serial());
        assert_ne!(
            parsed[0].public_key().subject_public_key.data,
            ca.issuer.key().public_key_raw()
        );
    }

    #[test]
    fn a_host_that_the_ca_cannot_speak_for_is_refused() {
        let (ca, _) = Home::new().open(&["nicenic.net"], NOW).unwrap();
        for host in [
            "nicenic.com",
            "evilnicenic.net",
            "127.0.0.1",
            "[::1]",
            "*.nicenic.net",
            "",
        ] {
            assert!(ca.server_config_at(host, NOW).is_err(), "{host}");
        }
    }

    #[test]
    fn many_subdomains_do_not_fill_the_memory() {
        let (ca, _) = Home::new().open(&["nicenic.net"], NOW).unwrap();
        for n in 0..=MOST_LEAVES {
            ca.server_config_at(&format!("h{n}.nicenic.net"), NOW)
                .unwrap();
        }
        assert_eq!(ca.leaves.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_ca_is_replaced_only_for_names_or_age() {
        let home = Home::new();
        let open = |names: &[&str], now| home.open(names, now).unwrap().1;
        assert_eq!(open(&["nicenic.net"], NOW), Opened::Created);
        assert_eq!(
            open(&["api.nicenic.net", "nicenic.net"], NOW + 27 * DAY),
            Opened::Kept
        );
        assert_eq!(
            open(&["nicenic.net"], NOW + 27 * DAY + 1),
            Opened::ReplacedForAge
        );
        let later = NOW + 28 * DAY;
        assert_eq!(
            open(&["nicenic.net", "a.example"], later),
            Opened::ReplacedForNames
        );
        assert_eq!(open(&["nicenic.net"], later), Opened::Kept);
        assert_eq!(
            open(&["nicenic.net"], later + 365 * DAY),
            Opened::ReplacedForAge
        );
    }

    #[test]
    fn a_ca_in_use_is_not_taken_away() {
        let home = Home::new();
        let (running, _) = home.open(&["nicenic.net"], NOW).unwrap();
        let (second, opened) = home.open(&["nicenic.net"], NOW + 29 * DAY).unwrap();
        assert_eq!(
            (opened, second.root_pem()),
            (Opened::Kept, running.root_pem())
        );
        for refused in [
            home.open(&["a.example"], NOW).unwrap_err(),
            home.open(&["nicenic.net"], NOW + 30 * DAY).unwrap_err(),
        ] {
            assert!(matches!(refused, CaError::InUse { .. }), "{refused}");
        }
        drop(running);
        assert!(home.open(&["a.example"], NOW).is_err());
        drop(second);
        assert_eq!(
            home.open(&["a.example"], NOW).unwrap().1,
            Opened::ReplacedForNames
        );
    }

    #[test]
    fn those_who_start_together_get_the_same_ca() {
        let home = Home::new();
        let roots: Vec<String> = std::thread::scope(|scope| {
            let open = || home.open(&["nicenic.net"], NOW).unwrap().0;
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
            let all: Vec<Ca> = threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect();
            all.iter().map(|ca| ca.root_pem().to_owned()).collect()
        });
        assert!(roots.iter().all(|root| *root == roots[0]));
    }

    #[test]
    fn a_ca_of_the_future_names_the_clock() {
        let home = Home::new();
        home.open(&["nicenic.net"], NOW).unwrap();
        let refused = home.open(&["nicenic.net"], NOW - 2 * DAY).unwrap_err();
        assert!(matches!(refused, CaError::NotYetValid { .. }), "{refused}");
        let (ca, _) = home.open(&["nicenic.net"], NOW).unwrap();
        let refused = ca
            .server_config_at("nicenic.net", NOW - 2 * DAY)
            .unwrap_err();
        assert!(matches!(refused, CaError::NotYetValid { .. }), "{refused}");
    }

    #[test]
    fn the_banner_can_say_it_all() {
        let home = Home::new();
        let path = home.0.path().join("home");
        let public = path.join("public");
        assert_eq!(Info::read(&path, &public).unwrap(), None);
        let (ca, _) = home.open(&["nicenic.net", "nicenic.com"], NOW).unwrap();
        let info = Info::read(&path, &public).unwrap().unwrap();
        assert_eq!(&info, ca.info());
        assert_eq!(info.names, ["nicenic.com", "nicenic.net"]);
        assert_eq!(info.not_after, timestamp(NOW + 30 * DAY));
        assert_eq!(info.fingerprint_sha256.len(), 95);
        assert_eq!(info.paths.root, public.join("root.pem"));
    }
}
