import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { get, post } from "../api/http";
import type { Job } from "../api/types";
import { Badge, type Tone } from "../components/Badge";
import { Button } from "../components/Button";
import { Select } from "../components/Field";
import { messageIn } from "../components/messages";
import { EmptyState, ErrorState, Spinner } from "../components/States";
import { Table, type Column } from "../components/Table";
import { ProblemError } from "../api/problem";
import { useFormat, type Format } from "../i18n/format";
import { useText } from "../i18n/language";
import { worded } from "../i18n/texts";
import { AdminFrame } from "./AdminFrame";
import { useAct } from "./queries";
import { useAdminText, type AdminText } from "./texts";

type Filter = keyof AdminText["jobFilters"];

const WANTED = { active: { active: true }, failed: { stage: "failed" }, all: {} } as const;
const WHILE_WORKING = 1_500;
const AT_ONCE = 100;

export function JobsPage() {
  const admin = useAdminText();
  const act = useAct();
  const [filter, setFilter] = useState<Filter>("active");
  const jobs = useInfiniteQuery({
    queryKey: ["admin", "jobs", filter],
    queryFn: ({ pageParam: cursor }) =>
      get("/api/v1/jobs", { query: { ...WANTED[filter], cursor, limit: AT_ONCE } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: WHILE_WORKING,
  });
  const items = jobs.data?.pages.flatMap((page) => page.items) ?? [];
  const retry = (id: number) => post("/api/v1/jobs/{job_id}/retry", { path: { job_id: id } });
  const retryAll = () =>
    act(() => Promise.all(items.map((each) => retry(each.id))), admin.retried(items.length));
  const columns = useColumns(
    (id) => void act(() => retry(id)),
    (id) => void act(() => post("/api/v1/jobs/{job_id}/cancel", { path: { job_id: id } })),
  );
  return (
    <AdminFrame
      title={admin.section.jobs}
      intro={admin.jobsIntro}
      actions={
        filter === "failed" &&
        items.length > 1 && (
          <Button icon="retry" onClick={() => void retryAll()}>
            {admin.retryAll}
          </Button>
        )
      }
    >
      <div className="admin-filter">
        <Select
          label={admin.jobFilter}
          value={filter}
          options={Object.entries(admin.jobFilters) as [Filter, string][]}
          onChoose={setFilter}
        />
      </div>
      {jobs.isPending && <Spinner />}
      {jobs.isError && <ErrorState error={jobs.error} onRetry={() => void jobs.refetch()} />}
      {jobs.isSuccess && items.length === 0 && (
        <EmptyState icon="check" title={admin.noJobs[filter]} />
      )}
      {items.length > 0 && (
        <Table
          label={admin.section.jobs}
          columns={columns}
          rows={items}
          keyOf={(each) => each.id}
        />
      )}
      {jobs.hasNextPage && (
        <Button className="admin-more" onClick={() => void jobs.fetchNextPage()}>
          {admin.more}
        </Button>
      )}
    </AdminFrame>
  );
}

const TONES: Partial<Record<Job["stage"], Tone>> = { failed: "danger", ready: "good" };
const ACTIVE: readonly Job["stage"][] = ["queued", "parsing", "embedding", "indexing"];

function useColumns(onRetry: (id: number) => void, onCancel: (id: number) => void): Column<Job>[] {
  const admin = useAdminText();
  const format = useFormat();
  const text = useText();
  return [
    {
      title: admin.document,
      cell: (job) => (
        <>
          {job.name}
          {job.error && (
            <small className="cell-more">
              {worded(text.documents.reasons, job.error.code) ??
                messageIn(text, new ProblemError(job.error))}
            </small>
          )}
        </>
      ),
    },
    {
      title: admin.stage,
      cell: (job) => <Badge tone={TONES[job.stage] ?? "plain"}>{admin.stages[job.stage]}</Badge>,
    },
    { title: admin.progress, cell: (job) => progress(job, admin, format) },
    { title: admin.updated, cell: (job) => format.dateTime(job.updated_at) },
    {
      title: admin.actions,
      className: "cell-actions",
      cell: (job) =>
        ACTIVE.includes(job.stage) ? (
          <Button kind="quiet" onClick={() => onCancel(job.id)}>
            {admin.cancel}
          </Button>
        ) : (
          job.stage !== "ready" && (
            <Button kind="quiet" icon="retry" onClick={() => onRetry(job.id)}>
              {admin.retry}
            </Button>
          )
        ),
    },
  ];
}

function progress(job: Job, admin: AdminText, format: Format): string {
  if (job.total === 0) return "–";
  if (job.unit === "bytes") return format.bytes(job.total);
  const unit = admin.units[job.unit as keyof AdminText["units"]] ?? job.unit;
  return `${format.number(job.done)}/${format.number(job.total)} ${unit}`;
}
