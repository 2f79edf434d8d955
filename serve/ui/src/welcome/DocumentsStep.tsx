import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { post } from "../api/http";
import { useStatus } from "../chat/queries";
import { Button } from "../components/Button";
import { FormError } from "../components/Field";
import { useMessageOf } from "../components/messages";
import { Spinner } from "../components/States";
import { useLanguage } from "../i18n/language";
import { navigate } from "../router";
import { isNotMe } from "../session/session";
import { SAMPLE_QUESTIONS } from "./sampleQuestions";
import { PickButtons } from "../upload/PickButtons";
import { useWelcomeText } from "./texts";

const NEXT = "/welcome#question";

export function DocumentsStep() {
  const welcome = useWelcomeText();
  const { data: status } = useStatus();
  const { ready = 0, failed = 0, ...coming } = status?.documents ?? {};
  const underWay = Object.values(coming).reduce((sum, each) => sum + each, 0);
  const total = ready + failed + underWay;
  return (
    <>
      <p className="welcome-intro">{welcome.documentsIntro}</p>
      <div className="welcome-choices">
        <Samples />
        <section className="welcome-choice">
          <h2>{welcome.own}</h2>
          <p>{welcome.ownBody}</p>
          <div className="welcome-pick">
            <PickButtons target={null} />
          </div>
        </section>
      </div>
      {total > 0 && (
        <p className="welcome-progress" role="status">
          {underWay > 0 ? <Spinner label={welcome.loaded(ready, total)} /> : welcome.loaded(ready, total)}
        </p>
      )}
      <div className="welcome-foot">
        {/* What is asked first may be about any of them. */}
        {ready > 0 && underWay === 0 ? (
          <Button kind="primary" onClick={() => navigate(NEXT)}>
            {welcome.next}
          </Button>
        ) : (
          <Button kind="quiet" onClick={() => navigate("/")}>
            {welcome.skip}
          </Button>
        )}
      </div>
    </>
  );
}

function Samples() {
  const welcome = useWelcomeText();
  const { language } = useLanguage();
  const client = useQueryClient();
  const messageOf = useMessageOf();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const load = async () => {
    setBusy(true);
    setError(null);
    try {
      const { questions } = await post("/api/v1/samples", { body: { language } });
      client.setQueryData(SAMPLE_QUESTIONS, questions);
      await client.invalidateQueries({
        predicate: (query) => isNotMe(query) && query.queryKey[0] !== SAMPLE_QUESTIONS[0],
      });
    } catch (refused) {
      setError(refused);
    }
    setBusy(false);
  };
  return (
    <section className="welcome-choice">
      <h2>{welcome.samplesTitle}</h2>
      <p>{welcome.samplesBody}</p>
      {error !== null && <FormError>{messageOf(error)}</FormError>}
      <Button kind="primary" icon="document" disabled={isBusy} onClick={() => void load()}>
        {isBusy ? welcome.loading : welcome.samples}
      </Button>
    </section>
  );
}
