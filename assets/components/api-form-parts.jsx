// What an ApiForm may ask on its way: a password, to be sure; and a secret that is shown once.
import { useId, useRef, useState } from "react";
import { copy } from "./copy.js";
import { sendSignedIn, sort } from "./rest.js";

// Asks before something that cannot be taken back.
export function Confirm({ dialog, text, action, tone, onSure }) {
  const id = useId();
  const onSubmit = (event) => {
    event.preventDefault();
    event.stopPropagation();
    dialog.current.close();
    onSure();
  };
  return (
    <dialog ref={dialog} className="palette" aria-labelledby={id}>
      <form className="palette-box ask" onSubmit={onSubmit} data-testid="confirm">
        <h2 id={id}>{text}</h2>
        <div className="form-foot">
          <button type="submit" className={`button ${tone ?? "primary"}`} data-testid="confirm-submit">{action ?? "Go on"}</button>
          <button type="button" className="button" onClick={() => dialog.current.close()} autoFocus>Cancel</button>
        </div>
      </form>
    </dialog>
  );
}

// Asks for the password again, then goes on with what was about to be done.
export function Proof({ dialog, isOpen, onProved, onClose }) {
  const [error, setError] = useState("");
  const [sending, setSending] = useState(false);
  const box = useRef(null);
  const id = useId();
  const onSubmit = async (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (sending) return;
    setSending(true);
    const outcome = await sendSignedIn("POST", "/api/v1/auth/prove", { password: box.current.value });
    setSending(false);
    if (!outcome.ok) {
      const found = sort(outcome, ["password"]);
      setError(found.fields.password ?? found.rest.join(" "));
      box.current.focus();
      return;
    }
    dialog.current.close();
    onProved();
  };
  return (
    <dialog ref={dialog} className="palette" aria-labelledby={`${id}-title`} onClose={() => { setError(""); onClose(); }}>
      {isOpen && (
        <form className="palette-box ask" onSubmit={onSubmit} noValidate data-testid="proof">
          <h2 id={`${id}-title`}>Give your password again</h2>
          <p className="field-help">This needs a recent proof that it is you.</p>
          <div className="field">
            <label htmlFor={id}>Password</label>
            <input
              ref={box} id={id} type="password" className="input" autoComplete="current-password" autoFocus
              aria-invalid={Boolean(error)} aria-describedby={error ? `${id}-error` : undefined} data-testid="proof-password"
            />
            {error && <p className="field-error" id={`${id}-error`} role="alert">{error}</p>}
          </div>
          <p className="field-help">
            No password, because you sign in with GitHub or Google?{" "}
            <a className="text-link" href="/sign-in?again=1" onClick={signInAgain}>Sign in again</a> instead.
          </p>
          <div className="form-foot">
            <button type="submit" className="button primary" disabled={sending} data-testid="proof-submit">Go on</button>
            <button type="button" className="button" onClick={() => dialog.current.close()}>Cancel</button>
          </div>
        </form>
      )}
    </dialog>
  );
}

function signInAgain(event) {
  event.preventDefault();
  location.assign(`/sign-in?again=1&next=${encodeURIComponent(window.flowstudio.here())}`);
}

// A secret that is shown once.
export function Secret({ label, text, onClose }) {
  const box = useRef(null);
  const [said, say] = useState("");
  const onCopy = async () => {
    const isIn = await copy(text);
    box.current.select();
    say(isIn ? "Copied." : "Press Ctrl C to copy.");
  };
  return (
    <div className="secret notice" role="group" aria-label={label || "Shown once"} data-testid="secret">
      <p>{label || "Copy it now: it is shown this once."}</p>
      <div className="secret-line">
        <input ref={box} readOnly className="input mono" value={text} aria-label="Secret" data-testid="secret-text" onFocus={(event) => event.target.select()} />
        <button type="button" className="button" onClick={onCopy} data-testid="secret-copy">Copy</button>
        <button type="button" className="button" onClick={onClose} data-testid="secret-close">I have kept it</button>
      </div>
      <span role="status" className="form-said">{said}</span>
    </div>
  );
}
