// What could not be read of the server, why, and a way to try again.
import { Icon } from "./icons.jsx";

export const Unread = ({ what, problem, onAgain }) => (
  <p className="notice" data-tone="error" role="alert" data-testid="unread">
    <Icon name="alert" size={15} />
    <span>{what} could not be read. {problem} <button type="button" className="text-link" onClick={onAgain}>Try again</button></span>
  </p>
);
