//! What people write down about exceptions and searches.

use std::{collections::BTreeMap, sync::Mutex};

use api::telemetry::{Decision, ExceptionGroupId, NotNoted, Notebook, SavedSearch};

use super::*;

#[derive(Default)]
struct Notes(
    Mutex<BTreeMap<ExceptionGroupId, Decision>>,
    Mutex<Vec<SavedSearch>>,
);

#[async_trait]
impl Notebook for Notes {
    fn decisions(&self) -> BTreeMap<ExceptionGroupId, Decision> {
        self.0.lock().unwrap().clone()
    }

    async fn decide(
        &self,
        group: ExceptionGroupId,
        decision: Option<Decision>,
    ) -> Result<(), NotNoted> {
        let mut decisions = self.0.lock().unwrap();
        match decision {
            Some(decision) => decisions.insert(group, decision),
            None => decisions.remove(&group),
        };
        Ok(())
    }

    fn searches(&self, _: &str) -> Vec<SavedSearch> {
        self.1.lock().unwrap().clone()
    }

    async fn save_search(&self, search: SavedSearch) -> Result<(), NotNoted> {
        if let Some(fault) = search.fault() {
            return Err(NotNoted::UseSearch(fault));
        }
        self.1.lock().unwrap().push(search);
        Ok(())
    }

    async fn delete_search(&self, _: &str, name: &str) -> Result<(), NotNoted> {
        self.1.lock().unwrap().retain(|known| known.name != name);
        Ok(())
    }
}

fn with_notes() -> (Router, Arc<Notes>) {
    let notes = Arc::<Notes>::default();
    let dashboard = router(Ports {
        notebook: notes.clone(),
        ..ports(&Cluster::default())
    });
    (dashboard, notes)
}

#[tokio::test]
async fn an_exception_is_resolved_ignored_and_opened_by_a_form_that_leads_back() {
    let (dashboard, notes) = with_notes();
    let group = ExceptionGroupId(7);
    let back = "back=%2Fns%2Fteam%2Fexceptions%3Frange%3D1h";
    let decide = async |what: &str| {
        let fields = format!("{what}={group}&{back}");
        let answer = post(&dashboard, "/exceptions/decide", &fields).await;
        assert_eq!(answer.location(), "/ns/team/exceptions?range=1h");
        notes.decisions().get(&group).copied()
    };
    assert!(matches!(decide("resolve").await, Some(Decision::Resolved { at_ns }) if at_ns > 0));
    assert_eq!(decide("ignore").await, Some(Decision::Ignored));
    assert_eq!(decide("reopen").await, None);

    let foreign = format!("ignore={group}&csrf=guessed");
    let answer = post_with_token(&dashboard, "/exceptions/decide", &foreign).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    post(&dashboard, "/exceptions/decide", "ignore=zebra").await;
    assert!(notes.decisions().is_empty());
}

#[tokio::test]
async fn a_search_gets_a_name_is_listed_and_forgotten() {
    let (dashboard, notes) = with_notes();
    let question = "q=duration%3A%3E5s&range=7d";
    let path = "/ns/team/traces/searches";
    let fields = format!("{question}&name=%3Cslow%3E");
    let answer = post(&dashboard, path, &fields).await;
    assert_eq!(answer.location(), format!("/ns/team/traces?{question}"));
    let page = get(&dashboard, "/ns/team/traces").await;
    page.shows("&lt;slow&gt;");
    page.shows("href=\"/ns/team/traces?q=duration%3A%3E5s&amp;range=7d\"");
    // The search that is shown is not offered to be saved again.
    let page = get(&dashboard, answer.location()).await;
    assert!(!page.text.contains("Save this search"), "{}", page.text);

    let nameless = post(&dashboard, path, "q=&name=+").await;
    assert_eq!(nameless.status, StatusCode::UNPROCESSABLE_ENTITY);
    nameless.shows("the search cannot be kept: it needs a name");

    let path = format!("{path}/delete");
    let answer = post(&dashboard, &path, "range=1h&name=%3Cslow%3E").await;
    assert_eq!(answer.location(), "/ns/team/traces?range=1h");
    assert!(notes.searches("team").is_empty());
}
