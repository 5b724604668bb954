//! One source's settings over another's.
use super::Layer;
use crate::config::value::Value;

impl Layer {
    /// Lays these settings over those of a weaker source.
    ///
    /// What contradicts a setting of this layer is taken out of the weaker one: `--log` lifts its `no_log`, `-4`
    /// its `ipv6`.
    #[must_use]
    pub fn over(self, mut lower: Self) -> Self {
        if self.log.is_some() {
            lower.no_log = None;
        }
        if self.ui.is_some() {
            lower.no_ui = None;
        }
        if self.ipv4 == Some(Value(true)) {
            lower.ipv6 = None;
        }
        if self.ipv6 == Some(Value(true)) {
            lower.ipv4 = None;
        }
        self.or(lower)
    }

    pub(super) fn or(self, lower: Self) -> Self {
        Self {
            levels: [lower.levels, self.levels].concat(),
            catalogue: self.catalogue.or(lower.catalogue),
            guard: self.guard.or(lower.guard),
            repeat_window: self.repeat_window.or(lower.repeat_window),
            expect: self.expect.or(lower.expect),
            deny: self.deny.or(lower.deny),
            allow: self.allow.or(lower.allow),
            warn: self.warn.or(lower.warn),
            annotate: self.annotate.or(lower.annotate),
            home: self.home.or(lower.home),
            color: self.color.or(lower.color),
            quiet: self.quiet.or(lower.quiet),
            verbose: self.verbose.or(lower.verbose),
            mock_listen: self.mock_listen.or(lower.mock_listen),
            listen: self.listen.or(lower.listen),
            ui: self.ui.or(lower.ui),
            no_ui: self.no_ui.or(lower.no_ui),
            base_url: self.base_url.or(lower.base_url),
            plaintext: self.plaintext.or(lower.plaintext),
            allow_remote: self.allow_remote.or(lower.allow_remote),
            allow_from: self.allow_from.or(lower.allow_from),
            proxy_auth: self.proxy_auth.or(lower.proxy_auth),
            proxy_password_file: self.proxy_password_file.or(lower.proxy_password_file),
            allow_private: self.allow_private.or(lower.allow_private),
            only_user: self.only_user.or(lower.only_user),
            intercept: self.intercept.or(lower.intercept),
            on_distrust: self.on_distrust.or(lower.on_distrust),
            body_limit: self.body_limit.or(lower.body_limit),
            capture_budget: self.capture_budget.or(lower.capture_budget),
            connect_to: self.connect_to.or(lower.connect_to),
            upstream_ca: self.upstream_ca.or(lower.upstream_ca),
            upstream_proxy: self.upstream_proxy.or(lower.upstream_proxy),
            source_ip: self.source_ip.or(lower.source_ip),
            ipv4: self.ipv4.or(lower.ipv4),
            ipv6: self.ipv6.or(lower.ipv6),
            whitelist: self.whitelist.or(lower.whitelist),
            site: self.site.or(lower.site),
            egress_probe: self.egress_probe.or(lower.egress_probe),
            reply_timeout: self.reply_timeout.or(lower.reply_timeout),
            with: self.with.or(lower.with),
            yes: self.yes.or(lower.yes),
            duration: self.duration.or(lower.duration),
            idle_exit: self.idle_exit.or(lower.idle_exit),
            then: self.then.or(lower.then),
            log: self.log.or(lower.log),
            no_log: self.no_log.or(lower.no_log),
            log_max_size: self.log_max_size.or(lower.log_max_size),
            log_keep: self.log_keep.or(lower.log_keep),
            log_group: self.log_group.or(lower.log_group),
            json: self.json.or(lower.json),
            mock: self.mock.or(lower.mock),
            credential_file: self.credential_file.or(lower.credential_file),
            mock_whitelist: self.mock_whitelist.or(lower.mock_whitelist),
            pii: self.pii.or(lower.pii),
            hide_username: self.hide_username.or(lower.hide_username),
            secret_env: self.secret_env.or(lower.secret_env),
            secret_file: self.secret_file.or(lower.secret_file),
            fingerprints: self.fingerprints.or(lower.fingerprints),
            know: self.know.or(lower.know),
            own: self.own.or(lower.own),
        }
    }
}
