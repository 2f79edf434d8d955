import { useQuery } from "@tanstack/react-query";

import { get } from "../api/http";
import { Badge } from "../components/Badge";
import { Button } from "../components/Button";
import { ErrorState, Spinner } from "../components/States";
import { useFormat } from "../i18n/format";
import { useAdminText } from "./texts";

/** Whether the audit log is as it was written, looked at when somebody asks. */
export function ChainVerdict() {
  const admin = useAdminText();
  const format = useFormat();
  const chain = useQuery({
    queryKey: ["admin", "chain"],
    queryFn: () => get("/api/v1/audit/verify"),
    enabled: false,
  });
  const told = chain.data;
  return (
    <div className="audit-chain" role="status">
      <Button disabled={chain.isFetching} onClick={() => void chain.refetch()}>
        {admin.verify}
      </Button>
      {chain.isFetching && <Spinner />}
      {chain.isError && <ErrorState error={chain.error} />}
      {told && !chain.isFetching && (
        <>
          <Badge tone={told.whole ? "good" : "danger"}>
            {told.whole
              ? admin.verified(told.records, format.number(told.records))
              : admin.broken(format.number(told.broken_at ?? 0))}
          </Badge>
          {told.head && (
            <p className="field-hint">
              {admin.head}{" "}
              <code>
                {told.head.seq}:{told.head.hash}
              </code>
            </p>
          )}
        </>
      )}
    </div>
  );
}
