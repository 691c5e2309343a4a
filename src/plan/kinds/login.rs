//! What a login says of itself.

use super::{Answers, Deed, Fact, SetOf, Takes};
use crate::files::ServerId;
use crate::plan::model::{Login, Plan, Step, StepId};

impl Answers for Login {
    fn takes(&self) -> Takes<'_> {
        Takes::Nothing
    }

    fn set(&self) -> SetOf<'_> {
        SetOf::Nothing
    }

    fn deeds(&self) -> Vec<Deed<'_>> {
        vec![Deed::LogsIn(self.server)]
    }

    fn each_step(&mut self, _: &mut dyn FnMut(&mut StepId)) {}

    fn each_server(&mut self, visit: &mut dyn FnMut(&mut ServerId)) {
        visit(&mut self.server);
    }

    fn subject(&self, plan: &Plan) -> String {
        let endpoint = &plan.server(self.server).endpoint;
        format!("{}@{}:{}", endpoint.user, endpoint.host, endpoint.port)
    }

    fn outline(&self, plan: &Plan, _: &Step) -> Vec<Fact> {
        let endpoint = &plan.server(self.server).endpoint;
        vec![Fact::Text(format!("as {}", endpoint.user))]
    }

    fn facts(&self, plan: &Plan) -> Vec<Fact> {
        let endpoint = &plan.server(self.server).endpoint;
        vec![Fact::Text(format!(
            "to {} as {}",
            endpoint.name, endpoint.user
        ))]
    }
}
