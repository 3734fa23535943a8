// What the pages of coming in do with the secret of a link. It never reaches the page's state.
import { useEffect, useRef, useState } from "react";
import { send } from "./rest.js";

const INCOMPLETE = "This link is incomplete. Open it again from the message, or ask for a new one.";

// Posts the secret of the page's link once, and says how that went.
export function PostLink({ action, waiting, done, next, nextLabel }) {
  const [outcome, setOutcome] = useState(null);
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    const token = window.flowstudio.token();
    if (!token) setOutcome({ ok: false, text: INCOMPLETE });
    else send("POST", action, { token }).then((reply) => setOutcome({ ok: reply.ok, text: reply.ok ? done : reply.body.detail }));
  }, []);
  return (
    <div data-testid="link-outcome">
      <p className="notice" role="status" data-tone={outcome && !outcome.ok ? "error" : "info"}>{outcome?.text ?? waiting}</p>
      {outcome && <a className="button primary wide" href={next}>{nextLabel}</a>}
    </div>
  );
}

// Shows its children to those who came by a link, and to others where to get one.
export function ByLink({ next, nextLabel, children }) {
  const [hasLink, setHasLink] = useState(true);
  useEffect(() => setHasLink(Boolean(window.flowstudio.token())), []);
  if (hasLink) return children;
  return (
    <div data-testid="link-missing">
      <p className="notice" role="status" data-tone="error">{INCOMPLETE}</p>
      <a className="button primary wide" href={next}>{nextLabel}</a>
    </div>
  );
}

// An invitation that the page was opened with goes along to the provider and back.
export function ProviderLink({ href, testId, children }) {
  const go = (event) => {
    const secret = window.flowstudio.page() === "/register" && window.flowstudio.token();
    if (!secret) return;
    event.preventDefault();
    location.assign(`${href}&invitation=${encodeURIComponent(secret)}`);
  };
  return <a className="button wide" href={href} onClick={go} data-testid={testId}>{children}</a>;
}

const OVER = {
  accepted: "This invitation was accepted already. Sign in to work in the project.",
  declined: "This invitation was declined.",
  withdrawn: "This invitation was withdrawn. Ask for a new one.",
  expired: "This invitation is too old. Ask for a new one.",
};

// Tells what an invitation offers, and takes the answer.
export function Invitation({ isSignedIn, person }) {
  const [offer, setOffer] = useState(null);
  const [problem, setProblem] = useState("");
  const [sending, setSending] = useState(false);
  const [said, setSaid] = useState("");
  const begun = useRef(false);
  const token = () => window.flowstudio.token();
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    if (!token()) { setProblem(INCOMPLETE); return; }
    send("POST", "/api/v1/invitations/look", { token: token() }).then((reply) =>
      reply.ok && !OVER[reply.body.state] ? setOffer(reply.body) : setProblem(OVER[reply.body.state] ?? reply.body.detail),
    );
  }, []);
  const answer = async (verb) => {
    setSending(true);
    const reply = await send("POST", `/api/v1/invitations/${verb}`, { token: token() });
    setSending(false);
    if (!reply.ok) setProblem(reply.body.detail);
    else if (verb === "accept") {
      // The project this browser shows from now on; the server checks it like any other wish.
      localStorage.setItem("project", reply.body.project_id);
      location.assign("/");
    }
    else setSaid("You declined. Whoever invited you sees that.");
  };
  const onward = (page) => {
    window.flowstudio.keepToken("/register", token());
    location.assign(page === "/sign-in" ? `/sign-in?next=${encodeURIComponent("/invitation")}` : page);
  };

  if (!offer && !problem) return <div className="bone" style={{ height: 120 }} aria-hidden="true" />;
  return (
    <div data-testid="invitation">
      <div role="alert" className={problem ? "problems" : "problems-none"}>{problem}</div>
      {problem && !offer && <a className="button primary wide" href="/">{isSignedIn ? "Go to the first page" : "Sign in"}</a>}
      {offer && !said && (
        <>
          <dl className="offer">
            <div><dt>Project</dt><dd data-testid="invitation-project">{offer.project_name}</dd></div>
            <div><dt>Your role</dt><dd data-testid="invitation-role">{offer.role}</dd></div>
            {offer.invited_by && <div><dt>Invited by</dt><dd>{offer.invited_by}</dd></div>}
            {offer.email && <div><dt>Meant for</dt><dd>{offer.email}</dd></div>}
          </dl>
          {isSignedIn ? (
            <>
              <p className="field-help">You are signed in as {person}.</p>
              <div className="form-foot">
                <button type="button" className="button primary" disabled={sending} onClick={() => answer("accept")} data-testid="invitation-accept">Accept</button>
                <button type="button" className="button" disabled={sending} onClick={() => answer("decline")} data-testid="invitation-decline">Decline</button>
              </div>
            </>
          ) : (
            <div className="form-foot">
              <button type="button" className="button primary" onClick={() => onward("/register")} data-testid="invitation-register">Make an account</button>
              <button type="button" className="button" onClick={() => onward("/sign-in")} data-testid="invitation-sign-in">I have one: sign in</button>
            </div>
          )}
        </>
      )}
      <p role="status">{said}</p>
    </div>
  );
}
