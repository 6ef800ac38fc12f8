//! Who the dashboard is to the Kubernetes API, and what it may do there.

use k8s_openapi::api::{
    authentication::v1::{SelfSubjectReview, UserInfo},
    authorization::v1::{ResourceRule, SelfSubjectRulesReview, SelfSubjectRulesReviewSpec},
};
use kube::{Api, Client, api::PostParams};

use super::{Failure, failure::Target};

/// What the API knows of who asks.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// Name and groups.
    pub(crate) user: UserInfo,
    /// What is allowed in the namespace asked about.
    pub(crate) rules: Rules,
}

/// What is allowed in one namespace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<ResourceRule>,
    /// Why the API could not tell everything, if so.
    pub(crate) incomplete: Option<String>,
}

/// Asks the API who asks, and what is allowed in `namespace`; `None` where the API has no access
/// reviews, because nobody signs in there.
pub(crate) async fn access(client: &Client, namespace: &str) -> Result<Option<Access>, Failure> {
    let params = PostParams::default();
    let who = Api::<SelfSubjectReview>::all(client.clone())
        .create(&params, &SelfSubjectReview::default())
        .await;
    let Some(who) = served(who, "selfsubjectreviews.authentication.k8s.io")? else {
        return Ok(None);
    };
    let review = SelfSubjectRulesReview {
        spec: SelfSubjectRulesReviewSpec {
            namespace: Some(namespace.to_owned()),
        },
        ..SelfSubjectRulesReview::default()
    };
    let rules = Api::<SelfSubjectRulesReview>::all(client.clone())
        .create(&params, &review)
        .await;
    let Some(rules) = served(rules, "selfsubjectrulesreviews.authorization.k8s.io")? else {
        return Ok(None);
    };
    let user = who.status.and_then(|status| status.user_info);
    let status = rules.status.unwrap_or_default();
    let incomplete = status.incomplete.then(|| {
        let reason = status.evaluation_error;
        reason.unwrap_or_else(|| "the API does not say why".to_owned())
    });
    Ok(Some(Access {
        user: user.unwrap_or_default(),
        rules: Rules {
            rules: status.resource_rules,
            incomplete,
        },
    }))
}

/// The answer, or `None` where the API does not have that resource.
fn served<T>(answer: Result<T, kube::Error>, resource: &str) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 405) => Ok(None),
        Err(error) => {
            let target = Target {
                words: "access reviews of oneself".to_owned(),
                resource: resource.to_owned(),
            };
            Err(Failure::kubernetes("create", target)(error))
        }
    }
}

impl Rules {
    /// Whether a verb on all objects of a resource is allowed. A rule for single objects is none.
    pub(crate) fn allow(&self, verb: &str, group: &str, resource: &str) -> bool {
        let has =
            |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one == wanted);
        let has_of =
            |list: &Option<Vec<String>>, wanted| has(list.as_deref().unwrap_or(&[]), wanted);
        self.rules.iter().any(|rule| {
            has(&rule.verbs, verb)
                && has_of(&rule.api_groups, group)
                && has_of(&rule.resources, resource)
                && rule.resource_names.as_ref().is_none_or(Vec::is_empty)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verb: &str, group: &str, resource: &str, name: Option<&str>) -> ResourceRule {
        ResourceRule {
            verbs: vec![verb.to_owned()],
            api_groups: Some(vec![group.to_owned()]),
            resources: Some(vec![resource.to_owned()]),
            resource_names: name.map(|name| vec![name.to_owned()]),
        }
    }

    #[test]
    fn a_rule_allows_what_it_names_and_a_star_allows_all() {
        let rules = Rules {
            rules: vec![
                rule("list", "kaos.tools", "agents", None),
                rule("*", "", "secrets", Some("one")),
                rule("get", "*", "*", None),
            ],
            incomplete: None,
        };
        assert!(rules.allow("list", "kaos.tools", "agents"));
        assert!(rules.allow("get", "", "secrets"));
        assert!(!rules.allow("list", "kaos.tools", "modelapis"));
        assert!(!rules.allow("list", "other.io", "agents"));
        assert!(!rules.allow("delete", "", "secrets"), "one name is not all");
    }
}
