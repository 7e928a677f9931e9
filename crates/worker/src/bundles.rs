//! Which events travel together.

use std::collections::HashMap;

use tenon_application::events::ClaimedEvent;
use tenon_application::ports::Job;
use uuid::Uuid;

/// How many events one job holds at most.
const BUNDLE: usize = 50;

/// One job per event and subscriber; of events of one organization that were claimed together, one per bundle.
pub(crate) fn jobs_of(claimed: Vec<ClaimedEvent>) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    // Where the bundle is that still has room.
    let mut open: HashMap<(Option<Uuid>, String, u32), usize> = HashMap::new();
    for ClaimedEvent { record, delivery, subscribers } in claimed {
        for subscriber in subscribers {
            let bundle = (record.organization_id, subscriber.clone(), delivery);
            match open.get(&bundle).and_then(|place| jobs.get_mut(*place)) {
                Some(job) if job.more.len() + 1 < BUNDLE => job.more.push(record.clone()),
                _ => {
                    open.insert(bundle, jobs.len());
                    jobs.push(Job::new(subscriber, delivery, record.clone()));
                }
            }
        }
    }
    jobs
}

#[cfg(test)]
mod tests {
    use tenon_application::samples::event;

    use super::*;

    #[test]
    fn a_bundle_is_of_one_organization_one_subscriber_and_one_delivery() {
        let claimed = |id: u128, organization: u128, delivery: u32, subscribers: &[&str]| {
            let mut record = event();
            record.id = Uuid::from_u128(id);
            record.organization_id = Some(Uuid::from_u128(organization));
            let subscribers = subscribers.iter().map(|name| (*name).to_owned()).collect();
            ClaimedEvent { record, delivery, subscribers }
        };
        let both = ["notifications", "audit"];
        let jobs = jobs_of(vec![
            claimed(1, 1, 1, &both),
            claimed(2, 2, 1, &both),
            claimed(3, 1, 2, &both),
            claimed(4, 1, 1, &["audit"]),
            claimed(5, 1, 1, &["email"]),
            claimed(6, 1, 1, &["email"]),
        ]);
        let shapes: Vec<_> = jobs
            .iter()
            .map(|job| (job.subscriber.as_str(), job.events().map(|event| event.id.as_u128()).collect::<Vec<_>>()))
            .collect();
        let expected = [
            ("notifications", vec![1]),
            ("audit", vec![1, 4]),
            ("notifications", vec![2]),
            ("audit", vec![2]),
            ("notifications", vec![3]),
            ("audit", vec![3]),
            ("email", vec![5, 6]),
        ];
        assert_eq!(shapes, expected);
        let many = jobs_of((0..120).map(|id| claimed(id, 1, 1, &["audit"])).collect());
        assert_eq!(many.iter().map(|job| job.events().count()).collect::<Vec<_>>(), [50, 50, 20]);
        let keys: std::collections::HashSet<_> = many.iter().map(Job::key).collect();
        assert_eq!(keys.len(), 3);
    }
}
