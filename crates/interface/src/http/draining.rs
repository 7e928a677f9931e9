//! The time between being told to stop and stopping: requests are served as ever, and whoever sends them is told to
//! go elsewhere, so that no request is on its way when the doors close.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::ConnectionType;
use actix_web::web::Data;
use async_trait::async_trait;
use tenon_application::ports::HealthCheck;

/// Whether the server is about to stop. Clones are one.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Not ready from then on, so that balancers send no more.
#[async_trait]
impl HealthCheck for Draining {
    fn name(&self) -> &'static str {
        "process"
    }

    fn required(&self) -> bool {
        true
    }

    async fn check(&self) -> Result<(), String> {
        if self.has_begun() { Err("it is about to stop".to_owned()) } else { Ok(()) }
    }
}

/// Tells a client that keeps its connection not to use it again.
pub(crate) fn announce(answer: &mut ServiceResponse<BoxBody>) {
    let draining = answer.request().app_data::<Data<Draining>>().is_some_and(|draining| draining.has_begun());
    if draining {
        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
}

#[cfg(test)]
mod tests {
    use actix_web::HttpResponse;
    use actix_web::test::TestRequest;

    use super::*;

    #[actix_web::test]
    async fn who_drains_is_not_ready_and_keeps_no_connection() {
        let draining = Draining::default();
        let answered = || {
            let request = TestRequest::default().app_data(Data::new(draining.clone())).to_srv_request();
            let mut answer = request.into_response(HttpResponse::Ok().finish());
            announce(&mut answer);
            answer.response().head().connection_type()
        };
        assert!(draining.check().await.is_ok());
        assert_ne!(answered(), ConnectionType::Close);
        draining.begin();
        assert!(draining.check().await.is_err());
        assert_eq!(answered(), ConnectionType::Close);
    }
}
