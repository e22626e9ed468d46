import type { IncomingMessage } from 'node:http';
import type { InterceptedExchange } from '../devices/interceptor';
import type { TcpConnection } from '../devices/tcp/tcp-connection';
import type { AnswerAction, GarbageKind } from './action-types';
import { answerBody, NOT_JSON } from './garbage';
import { isServiceAction, type ServiceActions, type Subject } from './service-actions';

const NOT_HTTP = 'this is not a response\r\n\r\n';
const HALF = '{"half":';

/** A request that a fault has hit. */
export interface RequestHit {
  readonly subject: Subject;
  readonly exchange: InterceptedExchange;
  readonly tcp: TcpConnection;
  /** Handles the request as if there were no fault. */
  readonly proceed: () => void;
}

/** Runs `run` when the request has been read: clients do not read while they send. */
function onceRead(request: IncomingMessage, run: () => void): void {
  request.resume();
  request.once('end', run);
}

/** Performs the actions of faults at requests over HTTPS. */
export class RequestFaults {
  readonly #services: ServiceActions;

  constructor(services: ServiceActions) {
    this.#services = services;
  }

  run(hit: RequestHit): void {
    const { subject, exchange, tcp, proceed } = hit;
    const { action } = subject.fault.init;
    if ('when' in action && action.when === 'after') {
      this.#after(hit);
      return;
    }
    switch (action.kind) {
      case 'close':
        tcp.end();
        return;
      case 'reset':
        tcp.reset();
        return;
      case 'delay':
        subject.fault.delayOn(tcp, action.ms, proceed);
        return;
      case 'ignore':
        tcp.liftDeadlines();
        return;
      case 'answer':
        this.#answer(exchange, action, subject);
        return;
      case 'garbage':
        this.#sendGarbage(hit, action.what);
        return;
      default:
        if (isServiceAction(action)) this.#services.run(action, subject);
        proceed();
    }
  }

  #after(hit: RequestHit): void {
    const { subject, exchange, tcp, proceed } = hit;
    const { action } = subject.fault.init;
    const { response } = exchange;
    if (action.kind === 'close') response.defer(() => tcp.end());
    else if (action.kind === 'reset') response.defer(() => tcp.reset());
    else if (action.kind === 'ignore') response.defer(() => tcp.liftDeadlines());
    else if (action.kind === 'delay') {
      const { ms } = action;
      response.defer((send) => subject.fault.delayOn(tcp, ms, send));
    } else if (isServiceAction(action)) response.once('close', () => this.#services.run(action, subject));
    proceed();
  }

  #answer({ request, response }: InterceptedExchange, action: AnswerAction, { service }: Subject): void {
    const { status, retryAfterSeconds, body } = action;
    const text = answerBody(action);
    // IoT Hub puts its details into a string of JSON; DPS does not.
    const isWrapped = service?.kind === 'hub' && body === undefined && text !== '';
    response.statusCode = status;
    if (text !== '') response.setHeader('content-type', 'application/json; charset=utf-8');
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds);
    onceRead(request, () =>
      response.end(isWrapped ? JSON.stringify({ Message: text, ExceptionMessage: '' }) : text),
    );
  }

  #sendGarbage({ exchange, tcp }: RequestHit, what: GarbageKind): void {
    const { request, response } = exchange;
    onceRead(request, () => {
      if (what === 'not-http') {
        response.socket?.write(NOT_HTTP);
        tcp.end();
      } else if (what === 'not-json') {
        response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(NOT_JSON);
      } else {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 * HALF.length });
        response.write(HALF, () => tcp.end());
      }
    });
  }
}
