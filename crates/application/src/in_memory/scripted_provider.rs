//! An identity provider that says what it is told.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tenon_domain::Timestamp;

use super::accounts::sign_in_service;
use super::scene::Scene;
use crate::identity::{
    AuthorizationRequest, DeploymentProvider, OidcClient, OidcFailure, OidcGateway, ProviderCalls, SingleSignOn,
    VouchedClaims,
};

/// The flows of signing in by an identity provider, with one that says what it is told.
pub(crate) fn single_sign_on(
    scene: &Scene,
    providers: Vec<DeploymentProvider>,
) -> (SingleSignOn, Arc<ScriptedProvider>) {
    let gateway = Arc::new(ScriptedProvider::default());
    let (accounts, _) = sign_in_service(scene);
    let service = SingleSignOn {
        gateway: gateway.clone(),
        cipher: accounts.second_factors.cipher.clone(),
        accounts,
        providers: providers.into(),
        callback_base: "https://tenon.example/api/v1/auth/oidc".to_owned(),
        calls: ProviderCalls::default(),
        home: "https://tenon.example/".to_owned(),
    };
    (service, gateway)
}

/// Vouches for whom it is told to, whatever the code, and remembers what it was asked.
#[derive(Default)]
pub(crate) struct ScriptedProvider {
    answer: Mutex<Option<Result<VouchedClaims, OidcFailure>>>,
    asked: Mutex<Vec<(OidcClient, AuthorizationRequest)>>,
}

impl ScriptedProvider {
    pub(crate) fn answer(&self, answer: Result<VouchedClaims, OidcFailure>) {
        *self.answer.lock().unwrap() = Some(answer);
    }

    /// What it was asked last.
    pub(crate) fn asked(&self) -> (OidcClient, AuthorizationRequest) {
        self.asked.lock().unwrap().last().cloned().unwrap()
    }
}

#[async_trait]
impl OidcGateway for ScriptedProvider {
    async fn authorization_url(
        &self,
        client: &OidcClient,
        request: &AuthorizationRequest,
    ) -> Result<String, OidcFailure> {
        self.asked.lock().unwrap().push((client.clone(), request.clone()));
        match &*self.answer.lock().unwrap() {
            Some(Err(failure)) => Err(failure.clone()),
            _ => Ok(format!("{}/authorize?state={}", client.issuer, request.state)),
        }
    }

    async fn redeem(
        &self,
        client: &OidcClient,
        request: &AuthorizationRequest,
        _: &str,
        _: Option<&str>,
        _: Timestamp,
    ) -> Result<VouchedClaims, OidcFailure> {
        self.asked.lock().unwrap().push((client.clone(), request.clone()));
        self.answer.lock().unwrap().clone().unwrap()
    }
}
