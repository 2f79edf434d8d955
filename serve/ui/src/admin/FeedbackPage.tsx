import { useQuery } from "@tanstack/react-query";

import { get } from "../api/http";
import type { Schemas } from "../api/types";
import { Badge } from "../components/Badge";
import { Icon } from "../components/Icon";
import { Link } from "../components/Link";
import { EmptyState, ErrorState, Spinner } from "../components/States";
import { Table, type Column } from "../components/Table";
import { useFormat } from "../i18n/format";
import { AdminFrame } from "./AdminFrame";
import { useAdminText } from "./texts";

type Overview = Schemas["FeedbackOverview"];
type Judged = Schemas["JudgedOut"];

export function FeedbackPage() {
  const admin = useAdminText();
  const feedback = useQuery({
    queryKey: ["admin", "feedback"],
    queryFn: () => get("/api/v1/feedback"),
  });
  return (
    <AdminFrame title={admin.section.feedback} intro={admin.feedbackIntro}>
      {feedback.isPending && <Spinner />}
      {feedback.isError && (
        <ErrorState error={feedback.error} onRetry={() => void feedback.refetch()} />
      )}
      {feedback.data?.counts.length === 0 && (
        <EmptyState icon="thumbUp" title={admin.noFeedback} />
      )}
      {feedback.data && feedback.data.counts.length > 0 && (
        <>
          <Counts counts={feedback.data.counts} />
          <h2>{admin.judgedQuestions}</h2>
          <Questions items={feedback.data.items} />
        </>
      )}
    </AdminFrame>
  );
}

function Counts({ counts }: { counts: Overview["counts"] }) {
  const admin = useAdminText();
  const format = useFormat();
  const sum = (value: string) =>
    counts.reduce((total, each) => total + (each.value === value ? each.count : 0), 0);
  return (
    <dl className="tiles">
      <div className="tile">
        <dt>{admin.good}</dt>
        <dd className="tile-number">{format.number(sum("up"))}</dd>
      </div>
      <div className="tile">
        <dt>{admin.bad}</dt>
        <dd className="tile-number">{format.number(sum("down"))}</dd>
        {counts
          .filter((each) => each.value === "down")
          .map((each) => (
            <dd key={each.reason ?? "none"} className="tile-more">
              {admin.labelled(admin.reasons[each.reason ?? "none"], format.number(each.count))}
            </dd>
          ))}
      </div>
    </dl>
  );
}

function Questions({ items }: { items: Judged[] }) {
  const admin = useAdminText();
  const format = useFormat();
  if (items.length === 0) return <p>{admin.noJudged}</p>;
  const columns: Column<Judged>[] = [
    {
      title: admin.question,
      cell: (each) => (
        <>
          <Link href={`/c/${each.conversation_id}`}>{each.question}</Link>
          {each.comment && <small className="cell-more">{each.comment}</small>}
        </>
      ),
    },
    {
      title: admin.judgement,
      cell: (each) => (
        <>
          <Badge tone={each.value === "up" ? "good" : "danger"}>
            {each.value === "up" ? admin.up : admin.down}
          </Badge>{" "}
          {each.reason && admin.reasons[each.reason]}
        </>
      ),
    },
    { title: admin.when, cell: (each) => format.dateTime(each.judged_at) },
  ];
  return (
    <>
      <Table
        label={admin.judgedQuestions}
        columns={columns}
        rows={items}
        keyOf={(each) => each.turn_id}
      />
      <p className="admin-more">
        <a className="button button-plain" href="/api/v1/feedback/questions" download>
          <Icon name="download" size={18} />
          {admin.exportQuestions}
        </a>
      </p>
      <p className="field-hint">{admin.exportHint}</p>
    </>
  );
}
