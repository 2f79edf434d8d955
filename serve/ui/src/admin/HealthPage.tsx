import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { get } from "../api/http";
import type { Schemas } from "../api/types";
import { useStatus } from "../chat/queries";
import { Badge, type Tone } from "../components/Badge";
import { Section } from "../components/Section";
import { ErrorState, Spinner } from "../components/States";
import { Table } from "../components/Table";
import { useFormat } from "../i18n/format";
import { AdminFrame } from "./AdminFrame";
import { useAdminText } from "./texts";

type Status = Schemas["StatusOut"];
type Details = Schemas["HealthDetails"];

const EVERY = 10_000;

export function HealthPage() {
  const admin = useAdminText();
  const status = useStatus();
  const details = useQuery({
    queryKey: ["admin", "health"],
    queryFn: () => get("/api/v1/health/details"),
    refetchInterval: EVERY,
  });
  const failed = status.error ?? details.error;
  return (
    <AdminFrame title={admin.section.health} intro={admin.healthIntro}>
      {failed && <ErrorState error={failed} onRetry={() => void details.refetch()} />}
      {!failed && !(status.data && details.data) && <Spinner />}
      {status.data && details.data && (
        <>
          <div className="tiles">
            <Search status={status.data} />
            <Models status={status.data} />
            <Machine details={details.data} />
          </div>
          <Section title={admin.egress}>
            <Egress egress={details.data.egress} />
          </Section>
          <Section title={admin.switches}>
            <Switches switches={details.data.egress.switches} />
          </Section>
        </>
      )}
    </AdminFrame>
  );
}

type State = "sound" | "look" | "wrong" | "off";

const TONES: Record<State, Tone> = { sound: "good", look: "warning", wrong: "danger", off: "plain" };

function Tile({ title, state, children }: { title: string; state: State; children: ReactNode }) {
  const admin = useAdminText();
  return (
    <section className="tile">
      <header>
        <h2>{title}</h2>
        <Badge tone={TONES[state]}>{admin[state]}</Badge>
      </header>
      {children}
    </section>
  );
}

function Search({ status }: { status: Status }) {
  const admin = useAdminText();
  const format = useFormat();
  const lag = status.seq - status.index_seq;
  const documents = Object.values(status.documents).reduce((sum, each) => sum + each, 0);
  const { embedder } = status;
  return (
    <>
      <Tile title={admin.index} state={!status.ready ? "wrong" : lag ? "look" : "sound"}>
        <p>{status.ready ? (lag ? admin.behind(lag, format.number(lag)) : admin.inStep) : admin.loading}</p>
        {status.trouble && <p>{status.trouble}</p>}
        <p>
          {admin.documentCount(documents, format.number(documents))},{" "}
          {admin.passages(status.chunks, format.number(status.chunks))}
        </p>
      </Tile>
      <Tile title={admin.embedder} state={embedder ? "sound" : "wrong"}>
        {embedder ? (
          <>
            <p>{embedder.name}</p>
            <p>{admin.dimensions(format.number(embedder.dimensions))}</p>
          </>
        ) : (
          <p>{admin.loading}</p>
        )}
      </Tile>
    </>
  );
}

function Models({ status }: { status: Status }) {
  const admin = useAdminText();
  const format = useFormat();
  const { guard, llm } = status;
  return (
    <>
      <Tile title={admin.llm} state={!llm ? "off" : llm.writes ? "sound" : "wrong"}>
        {llm ? (
          <>
            <p>{llm.model || llm.url}</p>
            {llm.trouble && <p>{llm.trouble}</p>}
            {llm.context_tokens !== null && <p>{admin.context(format.number(llm.context_tokens))}</p>}
            <p>{admin.load(format.number(llm.running), format.number(llm.waiting))}</p>
          </>
        ) : (
          <p>{admin.noModel}</p>
        )}
      </Tile>
      <Tile title={admin.guard} state={!guard ? "off" : guard.judges ? "sound" : "wrong"}>
        <p>{guard ? guard.model || guard.url : admin.noGuard}</p>
        {guard?.trouble && <p>{guard.trouble}</p>}
      </Tile>
    </>
  );
}

function Machine({ details }: { details: Details }) {
  const admin = useAdminText();
  const format = useFormat();
  const { disk, jobs } = details;
  const waiting = (jobs.queued ?? 0) + (jobs.parsing ?? 0) + (jobs.embedding ?? 0);
  const room = disk.free_bytes < disk.least_bytes ? "wrong" : "look";
  const isShort = details.workers_running < details.workers_wanted;
  return (
    <>
      <Tile title={admin.disk} state={disk.free_bytes < 2 * disk.least_bytes ? room : "sound"}>
        <p>{admin.diskUse(format.bytes(disk.used_bytes), format.bytes(disk.free_bytes))}</p>
        <p>{admin.diskLeast(format.bytes(disk.least_bytes))}</p>
      </Tile>
      <Tile title={admin.queue} state={isShort || jobs.failed ? "look" : "sound"}>
        <p>{admin.jobCounts(format.number(waiting), format.number(jobs.failed ?? 0))}</p>
        <p>
          {admin.workers(
            format.number(details.workers_running),
            format.number(details.workers_wanted),
          )}
        </p>
      </Tile>
      <Tile title={admin.ocr} state={details.ocr_languages.length ? "sound" : "look"}>
        <p>{details.ocr_languages.join(", ") || admin.noOcr}</p>
      </Tile>
    </>
  );
}

function Egress({ egress }: { egress: Details["egress"] }) {
  const admin = useAdminText();
  return (
    <>
      <p>{egress.outside.length ? admin.egressSome : admin.egressNone}</p>
      {egress.outside.length > 0 && (
        <ul>
          {egress.outside.map((each) => (
            <li key={`${each.local}${each.remote}`}>
              <code>
                {each.kind} {each.remote}
              </code>
            </li>
          ))}
        </ul>
      )}
      {egress.hub_allowed && <p className="form-error">{admin.hubAllowed}</p>}
    </>
  );
}

function Switches({ switches }: { switches: Record<string, string> }) {
  const admin = useAdminText();
  return (
    <Table
      label={admin.switches}
      columns={[
        { title: admin.switchName, cell: ([name]) => <code>{name}</code> },
        {
          title: admin.switchValue,
          cell: ([, value]) => (value ? <code>{value}</code> : admin.notSet),
        },
      ]}
      rows={Object.entries(switches)}
      keyOf={([name]) => name}
    />
  );
}
