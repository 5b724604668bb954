//! When echo services are asked.
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{News, Outlook, Prober, Why};

/// Asks whenever there is a reason to.
pub struct Watch {
    outlook: Arc<Outlook>,
    prober: Prober,
    last: Option<Instant>,
    gap: Duration,
    interval: Duration,
}

impl Watch {
    /// Asks with this prober, and tells this outlook.
    pub const fn new(outlook: Arc<Outlook>, prober: Prober) -> Self {
        Self {
            outlook,
            prober,
            last: None,
            gap: GAP,
            interval: INTERVAL,
        }
    }

    /// The next news; the first at once, later ones only when something has changed.
    pub async fn next(&mut self) -> News {
        loop {
            let why = self.due().await;
            let found = self.prober.ask(1).await;
            self.last = Some(Instant::now());
            match self.outlook.learn(found, why) {
                Some(news) if self.prober.asks_somebody() => return news,
                _ => {}
            }
        }
    }

    /// Waits for a reason to ask. Services are never asked twice within the gap.
    async fn due(&self) -> Why {
        let Some(last) = self.last else {
            return Why::Start;
        };
        loop {
            let is_interval = tokio::select! {
                () = self.outlook.bell.notified() => false,
                () = sleep((last + self.interval).saturating_duration_since(Instant::now())) => true,
            };
            sleep((last + self.gap).saturating_duration_since(Instant::now())).await;
            let (due, has_traffic) = self
                .outlook
                .lock(|state| (state.due.take(), std::mem::take(&mut state.has_traffic)));
            match due {
                Some(why) => return why,
                None if is_interval && has_traffic => return Why::Interval,
                // No call has passed: look again later.
                None if is_interval => sleep(self.gap).await,
                None => {}
            }
        }
    }
}

const INTERVAL: Duration = Duration::from_mins(10);
/// A client that is refused again and again must not make us a burden for the services.
const GAP: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::egress::Passed;

    fn outlook() -> Outlook {
        Outlook::new(&Config::at("/h".as_ref()))
    }

    #[tokio::test]
    async fn services_are_asked_at_once_and_then_only_for_a_reason() {
        let outlook = Arc::new(outlook());
        let mut watch = Watch::new(outlook.clone(), Prober::idle());
        watch.gap = Duration::ZERO;
        assert_eq!(watch.due().await, Why::Start);
        watch.last = Some(Instant::now());
        outlook.note(Passed {
            is_refused: true,
            ..Passed::default()
        });
        assert_eq!(watch.due().await, Why::Refusal);
        outlook.note(Passed::default());
        watch.interval = Duration::ZERO;
        assert_eq!(watch.due().await, Why::Interval);
    }

    #[tokio::test]
    async fn without_a_reason_nobody_is_asked() {
        let outlook = Arc::new(outlook());
        let mut watch = Watch::new(outlook.clone(), Prober::idle());
        (watch.gap, watch.last) = (Duration::ZERO, Some(Instant::now()));
        outlook.note(Passed::default());
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, watch.due()).await.is_err());
    }
}
