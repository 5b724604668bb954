//! Settings that are understood, each by itself, and cannot be together.
use super::{Config, Error, Family, Know};

impl Config {
    /// Refuses what cannot be.
    pub(super) fn refuse_the_impossible(&self) -> Result<(), Error> {
        self.refuse_an_open_proxy()?;
        if let Some(address) = self.ui.filter(|address| !address.ip().is_loopback()) {
            let why = format!("{address} is beyond loopback, where others could read it");
            let hint = "keep it on 127.0.0.1 or [::1]; from another machine: ssh -L 8900:127.0.0.1:8900 HOST";
            return refused("ui", why, hint);
        }
        if !self.mock_listen.ip().is_loopback() {
            let why = format!("{} is beyond loopback", self.mock_listen);
            return refused("mock_listen", why, "the mock listens on 127.0.0.1 or [::1]");
        }
        if self.listen.is_empty() {
            let hint = "leave the key out for 127.0.0.1:8899";
            return refused("listen", "no address is left".to_owned(), hint);
        }
        if self.body_limit > self.capture_budget {
            let why = format!(
                "{} bytes for one body, but capture_budget has {} for all",
                self.body_limit, self.capture_budget
            );
            let hint = "lower body_limit or raise capture_budget";
            return refused("body_limit", why, hint);
        }
        let mut labels = Vec::new();
        for Know { label, .. } in &self.know {
            if labels.contains(label) {
                let why = format!("`{}` is named twice", label.word());
                return refused("know", why, "name each of api, sandbox and login once");
            }
            labels.push(*label);
        }
        let fits = match (self.family, self.source_ip) {
            (Family::V4, Some(ip)) => ip.is_ipv4(),
            (Family::V6, Some(ip)) => ip.is_ipv6(),
            (Family::Any, _) | (_, None) => true,
        };
        if !fits {
            let why = "an address of one family cannot go out over the other".to_owned();
            let hint = "leave out -4 or -6, or name an address of that family";
            return refused("source_ip", why, hint);
        }
        Ok(())
    }

    /// Refuses to listen for others without a word on who they are, and words on others that nobody listens for.
    fn refuse_an_open_proxy(&self) -> Result<(), Error> {
        let beyond = self.listen.iter().find(|addr| !addr.ip().is_loopback());
        let has_login = self.proxy_auth.is_some();
        let everywhere = self.allow_from.iter().find(|network| network.prefix == 0);
        if !self.allow_remote {
            if let Some(address) = beyond {
                let why = format!(
                    "{address} is beyond loopback, where others could go out through this machine"
                );
                return refused("listen", why, NAME_THEM);
            }
            if !self.allow_from.is_empty() {
                let why = "only this machine is let in".to_owned();
                return refused("allow_from", why, "add --allow-remote, or take it out");
            }
        } else if self.allow_from.is_empty() && !has_login {
            let why = "whoever reaches the port could go out through this machine".to_owned();
            return refused("allow_remote", why, NAME_WHO);
        } else if let (Some(network), false) = (everywhere, has_login) {
            let why = format!("{network} is everybody: it would be an open proxy");
            return refused("allow_from", why, NAME_WHO);
        } else if !self.only_user.is_empty() {
            let why = "whose a connection from another machine is cannot be told".to_owned();
            let hint = "take out only_user or allow_remote";
            return refused("only_user", why, hint);
        }
        if has_login && !self.with.is_empty() {
            let why = "the clients that --with sets up do not log in".to_owned();
            return refused("proxy_auth", why, "take out proxy_auth or with");
        }
        if self.proxy_password_file.is_some() && !has_login {
            let why = "nobody is to log in".to_owned();
            return refused("proxy_password_file", why, "add --proxy-auth USER");
        }
        Ok(())
    }
}

const fn refused<T>(setting: &'static str, why: String, hint: &'static str) -> Result<T, Error> {
    Err(Error::Refused { setting, why, hint })
}

const NAME_THEM: &str = "listen on 127.0.0.1 or [::1], and lead a tunnel there (ssh -L 8899:127.0.0.1:8899 HOST); or add --allow-remote and --allow-from CIDR or --proxy-auth USER";
const NAME_WHO: &str =
    "say who may: --allow-from CIDR (such as 172.17.0.0/16), or --proxy-auth USER, or both";
