import { useText } from "../i18n/language";
import { useHash } from "../router";
import { Page } from "../shell/Page";
import { DocumentsStep } from "./DocumentsStep";
import { QuestionStep } from "./QuestionStep";
import { Steps } from "./Steps";
import { useWelcomeText } from "./texts";
import "./welcome.css";

/** What a first administrator does after choosing a password: documents, then a question. */
export default function WelcomePage() {
  const welcome = useWelcomeText();
  const { shell } = useText();
  const isAsking = useHash() === "question";
  return (
    <div className="welcome">
      <Page title={isAsking ? welcome.questionTitle : welcome.documentsTitle}>
        <p className="visually-hidden">{shell.step(isAsking ? 3 : 2, 3)}</p>
        <Steps present={isAsking ? "question" : "documents"} />
        {isAsking ? <QuestionStep /> : <DocumentsStep />}
      </Page>
    </div>
  );
}
