package dev.pooler.postgres.backend;

import static dev.pooler.postgres.backend.Transcript.play;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pooler.core.relay.ReplyQueue;
import dev.pooler.postgres.message.Frontend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Conversations as {@link Transcript}s, one for each rule that {@link PgReplies} knows. */
class PgRepliesTest {
  @Test
  void aSimpleQueryIsAnsweredByItsReadyForQuery() {
    play(
        """
        F Query
        = owes
        B RowDescription
        B DataRow
        B CommandComplete
        = owes
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aStatementOfOursWithinABatchIsSwallowedWhole() {
    play(
        """
        F Parse
        P Close to Close
        F Bind
        F Execute
        F Sync
        B ParseComplete
        S CloseComplete
        S ParseComplete
        S BindComplete
        S CommandComplete
        S CloseComplete
        S CloseComplete
        B BindComplete
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aQueryOfOursInFrontOfAQueryIsSwallowedWhole() {
    play(
        """
        P Query
        F Query
        S CommandComplete
        S ReadyForQuery
        B RowDescription
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aQueryOfManyStatementsIsAnsweredOnce() {
    play(
        """
        F Query
        B CommandComplete
        B RowDescription
        B DataRow
        B CommandComplete
        B EmptyQueryResponse
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void queriesSentAheadAreAnsweredInOrder() {
    play(
        """
        F Query
        F Query
        B CommandComplete
        B ReadyForQuery
        = owes
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aFunctionCallIsAnsweredByItsReadyForQuery() {
    play(
        """
        F FunctionCall
        B FunctionCallResponse
        = owes
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void eachExtendedMessageIsAnsweredByOneOfItsOwn() {
    play(
        """
        F Parse
        F Describe
        F Bind
        F Describe
        F Execute
        F Close
        F Sync
        B ParseComplete
        B ParameterDescription
        B RowDescription
        B BindComplete
        B NoData
        B DataRow
        B CommandComplete
        B CloseComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aPortalMayBeSuspendedAndExecutedAgain() {
    play(
        """
        F Bind
        F Execute
        F Flush
        B BindComplete
        B DataRow
        B PortalSuspended
        F Execute
        F Sync
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aFlushAndItsAnswersDoNotEndABatch() {
    play(
        """
        F Parse
        F Flush
        B ParseComplete
        = owes
        F Sync
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aReadyForQueryAheadOfTheNextBatchLeavesThatOpen() {
    play(
        """
        F Parse
        F Sync
        F Parse
        B ParseComplete
        B ReadyForQuery
        = owes
        B ParseComplete
        = owes
        F Sync
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aSyncAloneIsAnswered() {
    play(
        """
        F Sync
        = owes
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void anErrorInASimpleQueryGoesOnToItsReadyForQuery() {
    play(
        """
        F Query
        F Query
        B ErrorResponse
        = owes
        B ReadyForQuery
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void anErrorSkipsWhatWasSentUpToTheSync() {
    play(
        """
        F Parse
        F Bind
        F Execute
        F Sync
        F Parse
        F Sync
        B ErrorResponse
        B ReadyForQuery
        B ParseComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void anErrorSkipsASimpleQueryInThePipelineToo() {
    play(
        """
        F Parse
        F Query
        F Bind
        F Sync
        B ErrorResponse
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void anErrorWithoutASyncSkipsWhatIsStillToCome() {
    play(
        """
        F Parse
        F Flush
        B ErrorResponse
        = owes
        F Bind
        F Query
        F Execute
        = owes
        F Sync
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void anErrorInTheMiddleKeepsWhatWasAnsweredBefore() {
    play(
        """
        F Parse
        F Bind
        F Execute
        F Close
        F Sync
        B ParseComplete
        B BindComplete
        B DataRow
        B ErrorResponse
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aSyncThatFailsIsStillAnswered() {
    play(
        """
        F Bind
        F Execute
        F Sync
        F Query
        B BindComplete
        B CommandComplete
        B ErrorResponse
        B ReadyForQuery
        = owes
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aSimpleQueryEndsTheBatchInFrontOfIt() {
    play(
        """
        F Parse
        F Query
        B ParseComplete
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void copyInASimpleQueryTakesDataUntilItIsDone() {
    play(
        """
        F Query
        B CopyInResponse
        = takes COPY data
        F CopyData
        F CopyDone
        = takes no COPY data
        = owes
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void oneQueryMayCopyTwice() {
    play(
        """
        F Query
        B CopyInResponse
        F CopyDone
        B CommandComplete
        B CopyInResponse
        = takes COPY data
        F CopyFail
        B ErrorResponse
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aSyncInFrontOfACopyIsSkippedByTheServer() {
    play(
        """
        F Parse
        F Bind
        F Execute
        F Sync
        B ParseComplete
        B BindComplete
        B CopyInResponse
        F CopyData
        F CopyDone
        F Sync
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aSyncDuringACopyIsSkippedByTheServer() {
    play(
        """
        F Bind
        F Execute
        F Flush
        B BindComplete
        B CopyInResponse
        F Sync
        F CopyData
        F Sync
        F CopyDone
        F Sync
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aCopySentAheadOfItsResponseTakesTheSyncBehindCopyDone() {
    play(
        """
        F Parse
        F Bind
        F Execute
        F CopyData
        F CopyDone
        F Sync
        B ParseComplete
        B BindComplete
        B CopyInResponse
        = takes no COPY data
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aCopySentAheadSkipsTheSyncInFrontOfItsCopyDone() {
    play(
        """
        F Parse
        F Bind
        F Execute
        F Sync
        F CopyData
        F CopyDone
        F Sync
        B ParseComplete
        B BindComplete
        B CopyInResponse
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aQueryMayFollowACopySentAhead() {
    play(
        """
        F Query
        F CopyData
        F CopyDone
        F Query
        B CopyInResponse
        B CommandComplete
        B ReadyForQuery
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void twoCopiesOfOneQueryMayBeSentAhead() {
    play(
        """
        F Query
        F CopyDone
        F CopyDone
        B CopyInResponse
        B CommandComplete
        B CopyInResponse
        = takes no COPY data
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aCopyThatFailsIgnoresTheRestOfItsData() {
    play(
        """
        F Query
        B CopyInResponse
        F CopyData
        B ErrorResponse
        = takes no COPY data
        F CopyData
        F CopyDone
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aCopyThatFailsInABatchSkipsToTheSyncBehindIt() {
    play(
        """
        F Bind
        F Execute
        F Sync
        B BindComplete
        B CopyInResponse
        F CopyData
        B ErrorResponse
        = owes
        F CopyDone
        F Sync
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aCopyThatIsRefusedForgetsItsCopyDone() {
    play(
        """
        F Query
        F CopyDone
        F Query
        B ErrorResponse
        B ReadyForQuery
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aCopyThatIsRefusedInABatchForgetsItsCopyDone() {
    play(
        """
        F Bind
        F Execute
        F CopyDone
        F Sync
        B BindComplete
        B ErrorResponse
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aCopyDoneThatNoCopyWaitsForIsIgnored() {
    play(
        """
        F Bind
        F Execute
        F CopyDone
        F Sync
        B BindComplete
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  /**
   * Needs the second ReadyForQuery to be expected: a trigger has failed before any data is read.
   */
  @Test
  void aCopyThatFailsInFrontOfAnEarlySyncIsAnsweredByTwo() {
    play(
        """
        F Parse
        F Bind
        F Execute
        F Sync
        F CopyDone
        F Sync
        B ParseComplete
        B BindComplete
        B CopyInResponse
        B ErrorResponse
        = doubtful
        B ReadyForQuery
        = owes nothing
        ~ ReadyForQuery
        = certain
        """);
  }

  /** Needs it to be told from the answer to what the client sends next. */
  @Test
  void theSecondOneIsNotTheAnswerToTheNextQuery() {
    play(
        """
        F Parse
        F Bind
        F Execute
        F Sync
        B ParseComplete
        B BindComplete
        B CopyInResponse
        F CopyDone
        F Sync
        B ErrorResponse
        B ReadyForQuery
        F Query
        ~ ReadyForQuery
        = owes
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  /** Needs an answer to something else to end the doubt. */
  @Test
  void theEarlySyncThatWasReadIsAnsweredByNone() {
    play(
        """
        F Parse
        F Bind
        F Execute
        F Sync
        B ParseComplete
        B BindComplete
        B CopyInResponse
        F CopyDone
        F Sync
        B ErrorResponse
        B ReadyForQuery
        = doubtful
        P Query
        S ErrorResponse
        = certain
        S ReadyForQuery
        = owes nothing
        """);
  }

  /** Needs those of the client to be told from ours by their number: the last one is ours. */
  @Test
  void whatIsBehindAFailedCopyIsKnownWhenACloseIsAnswered() {
    play(
        """
        F Execute
        F Sync
        F Sync
        B CopyInResponse
        B ErrorResponse
        = doubtful
        P Sync Close Sync
        S ReadyForQuery
        ~ ReadyForQuery
        ~ ReadyForQuery
        S CloseComplete
        S ReadyForQuery
        P certain
        = awaits no Sync
        = owes nothing
        """);
  }

  /** Needs a client that got none to be waited for: its server has been let out by us. */
  @Test
  void aClientWhoseSyncsWereReadInsideTheCopyStillOwesOne() {
    play(
        """
        F Execute
        F Sync
        B CopyInResponse
        F CopyData
        B ErrorResponse
        P Sync Close Sync
        S ReadyForQuery
        S CloseComplete
        S ReadyForQuery
        P certain
        = certain
        = awaits Sync
        = owes
        F Sync
        = awaits no Sync
        B ReadyForQuery
        = owes nothing
        """);
  }

  /** Needs Syncs behind a message that ends the COPY to be answered. */
  @Test
  void aSyncBehindAMessageOutOfTurnIsNotOfTheCopy() {
    play(
        """
        F Execute
        F Parse
        F Sync
        B CopyInResponse
        = takes no COPY data
        B ErrorResponse
        = certain
        B ReadyForQuery
        = owes nothing
        """);
  }

  /** Needs Syncs of a COPY that has succeeded to be forgotten. */
  @Test
  void aFailureBehindACopyIsNotItsFailure() {
    play(
        """
        F Query
        B CopyInResponse
        F Sync
        F CopyDone
        B CommandComplete
        B ErrorResponse
        = certain
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aCopyDoneOutOfTheBlueIsIgnored() {
    play(
        """
        F CopyDone
        F CopyFail
        = owes nothing
        """);
  }

  @Test
  void copyOutNeedsNothingOfTheClient() {
    play(
        """
        F Query
        B CopyOutResponse
        = takes no COPY data
        B CopyData
        B CopyDone
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void copyBothTakesData() {
    play(
        """
        F Query
        B CopyBothResponse
        = takes COPY data
        F CopyData
        B CopyData
        F CopyDone
        B CopyDone
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aQueryOfPoolersOwnIsSwallowed() {
    play(
        """
        P Query
        = owes
        S CommandComplete
        S ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aQueryOfPoolersOwnThatFailsIsSwallowed() {
    play(
        """
        P Query
        P Query
        S ErrorResponse
        S ReadyForQuery
        S CommandComplete
        S ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aSyncOfPoolersOwnIsSwallowed() {
    play(
        """
        P Sync
        S ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aCloseOfPoolersOwnIsSwallowedInTheClientsBatch() {
    play(
        """
        P Close
        F Parse
        F Bind
        F Execute
        F Sync
        S CloseComplete
        B ParseComplete
        B BindComplete
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aCloseOfPoolersOwnWhileTheServerSkipsIsNotAnswered() {
    play(
        """
        F Parse
        B ErrorResponse
        P Close
        F Parse
        F Sync
        B ReadyForQuery
        = owes nothing
        """);
  }

  @Test
  void aCloseOfPoolersOwnInFrontOfAQueryIsSwallowed() {
    play(
        """
        P Close
        F Query
        S CloseComplete
        B CommandComplete
        B ReadyForQuery
        = owes nothing
        """);
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          = owes nothing, ReadyForQuery
          = owes nothing, CommandComplete
          = owes nothing, DataRow
          = owes nothing, CopyInResponse
          = owes nothing, RowDescription
          F Query, ParseComplete
          F Query, BindComplete
          F Query, CloseComplete
          F Query, NoData
          F Parse, BindComplete
          F Parse, ReadyForQuery
          F Parse, CommandComplete
          F Parse, CopyInResponse
          F Bind, ParseComplete
          F Bind, RowDescription
          F Bind, PortalSuspended
          F Describe, CloseComplete
          F Describe, EmptyQueryResponse
          F Execute, NoData
          F Execute, RowDescription
          F Execute, ReadyForQuery
          F Execute, CloseComplete
          F Sync, CommandComplete
          F Sync, CopyBothResponse
          F FunctionCall, CommandComplete
          """)
  void aReplyOutOfOrderIsAViolation(String before, String reply) {
    play(before + "\n! " + reply);
  }

  @Test
  void moreOpenRequestsThanTheLimitAreRefused() {
    PgReplies replies = new PgReplies();
    for (int i = 0; i < ReplyQueue.LIMIT; i++) {
      assertTrue(replies.expect(Frontend.QUERY));
    }
    assertFalse(replies.expect(Frontend.QUERY));
    assertFalse(replies.expect(Frontend.SYNC));
    assertTrue(replies.expect(Frontend.FLUSH));
  }

  @Test
  void aLostBackendOwesNothing() {
    PgReplies replies = new PgReplies();
    replies.expect(Frontend.PARSE);
    replies.failed();
    replies.clear();
    assertFalse(replies.owed());
  }
}
